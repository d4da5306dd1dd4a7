import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LongReport } from '../../src/report/long-report.ts';

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
    fc.constantFrom('metadata', 'metadata', 'entry', 'metadat', 'metadata2', 'm"e', '{', ''),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.dictionary(name, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }),
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
  );
});

test('what is no object, or long in anything but metadata, has no text, and keeps little', () => {
  const much = 'x'.repeat(1_000_000);
  for (const value of [much, [much], { entry: much }, { [much]: 1 }]) {
    const long = feed(JSON.stringify(value), [65_536]);
    expect(long.text()).toBe(null);
    expect(long.beginning()).toHaveLength(2048);
  }
});

test('of the metadata only the beginning is kept', () => {
  const long = feed(`{"metadata":{"detail":"${'x'.repeat(10_000_000)}","kind":"k"},"entry":1}`, [65_536]);
  expect(long.text()).toBe('{"metadata":null,"entry":1}');
  expect(long.metadata()).toBe(null);
});
