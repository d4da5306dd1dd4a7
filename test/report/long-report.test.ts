import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LongReport } from '../../src/report/long-report.ts';
import { MAX_KIND_BYTES } from '../../src/report/validate.ts';

function feed(text: string, lengths: readonly number[]): LongReport {
  const long = new LongReport();
  const bytes = Buffer.from(text);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const length = lengths[i % lengths.length]!;
    long.feed(bytes.subarray(at, at + length));
    at += length;
  }
  return long;
}

test('is the report without its metadata, however it is written and cut', () => {
  const name = fc.oneof(
    fc.constantFrom('metadata', 'metadata', 'entry', 'metadat', 'metadata2', 'metadata-of-it', 'm"e', '{', '\\', ''),
    fc.string(),
  );
  const text = fc.string({ unit: fc.constantFrom('"', '\\', '}', '{', ']', ',', ':', 'metadata', 'é', '\n') });
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record({ kind: fc.oneof(text, fc.jsonValue({ maxDepth: 1 })), detail: text, metadata: text }),
    fc.record({ detail: text, kind: text }),
    text,
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, value, { noNullPrototype: true }),
      fc.constantFrom(undefined, 1, '\t'),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 5 }),
      (value, space, lengths) => {
        const plain = JSON.parse(JSON.stringify(value));
        const long = feed(JSON.stringify(plain, null, space), lengths);
        expect(JSON.parse(long.text()!)).toEqual('metadata' in plain ? { ...plain, metadata: null } : plain);
        const kind = Object.keys(plain.metadata ?? {})[0] === 'kind' ? plain.metadata.kind : undefined;
        expect(long.metadata()).toEqual(typeof kind === 'string' ? { kind } : null);
      },
    ),
    { numRuns: 500 },
  );
});

test('of metadata that is there twice the last is meant, as by JSON.parse', () => {
  const long = feed('{"metadata":{"kind":"a"},"metadata":{"detail":"","kind":"b"},"metadata":{"kind":"c"}}', [7]);
  expect([JSON.parse(long.text()!), long.metadata()]).toEqual([{ metadata: null }, { kind: 'c' }]);
});

test('what is long in anything but metadata has no text, and keeps little', () => {
  const much = 'x'.repeat(1_000_000);
  for (const value of [much, [much], { entry: much }, { [much]: 1 }, [{ metadata: much }], { a: { metadata: much } }]) {
    const long = feed(JSON.stringify(value), [65_536]);
    expect(long.text()).toBe(null);
    expect(long.beginning().length).toBeLessThanOrEqual(64 * 1024);
  }
  const most = `{"a":"${'x'.repeat(64 * 1024 - 8)}"}`;
  expect(feed(most, [1000]).text()).toBe(most);
  expect(feed(most.replace('a', 'ab'), [1000]).text()).toBe(null);
});

test('of the metadata only the beginning is kept', () => {
  const long = feed(`{"metadata":{"detail":"${'x'.repeat(10_000_000)}","kind":"k"},"entry":1}`, [65_536]);
  expect(long.text()).toBe('{"metadata":null,"entry":1}');
  expect(long.metadata()).toBe(null);
});

test('a kind beyond what is kept, or that is no JSON, is too long to be one', () => {
  for (const kind of ['k'.repeat(5000), '\\x', '\u0001']) {
    const { kind: told } = feed(`{"metadata":{"kind":"${kind}"}}`, [100]).metadata() as { kind: string };
    expect(told.length).toBeGreaterThan(MAX_KIND_BYTES);
  }
});

test('what does not fit without its metadata is quarantined whatever comes, and read no further', () => {
  let read = 0;
  const counted = new Proxy(Buffer.alloc(200_000, '['), {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) read++;
      return Reflect.get(target, key, target);
    },
  });
  const long = new LongReport();
  long.feed(counted);
  expect(long.text()).toBeNull();
  long.feed(counted);
  // As much as is kept, and the one that was too many.
  expect(read).toBe(64 * 1024 + 1);
});
