import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeChunk } from '../../src/ledger/records.ts';
import { BodyScanner, MAX_REPORT_BYTES, ScanError } from '../../src/report/body-scanner.ts';
import { ReportChunk } from '../../src/report/report-chunk.ts';
import { reference, type Verdict, verdictOf } from './reference.ts';

const sample = readFileSync(new URL('../testdata/couic-batch.json', import.meta.url));

/** Scans a body cut into pieces of the given lengths, over and over. */
function scan(body: Uint8Array, lengths: readonly number[] = [body.length || 1]): Verdict & { ends: number[] } {
  const scanner = new BodyScanner();
  const chunk = new ReportChunk();
  chunk.metadata.wanted = true;
  const ends: number[] = [];
  for (let at = 0, i = 0; at < body.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length]!);
    scanner.feed(body.subarray(at, at + length));
    at += length;
    let progress = scanner.advance(chunk, 0, 1);
    while (progress === 'stopped' || progress === 'closed') {
      if (progress === 'stopped') ends.push(scanner.elementEnd);
      progress = scanner.advance(chunk, 0, 1);
    }
  }
  scanner.end();
  return { ...verdictOf(chunk), ends };
}

function scanOrNull(body: Uint8Array, lengths?: readonly number[]): Verdict | null {
  try {
    const { ends: _, ...verdict } = scan(body, lengths);
    return verdict;
  } catch (error) {
    if (error instanceof ScanError) return null;
    throw error;
  }
}

function errorOf(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

const report = (overrides: Record<string, unknown> = {}, entry: Record<string, unknown> = {}) => ({
  action: 'add',
  policy: 'drop',
  entry: { creation: 1704067200, cidr: '1.2.3.4/32', tag: 'scanner', expiration: 0, ...entry },
  metadata: null,
  ...overrides,
});

test('the sample of the Couic documentation', () => {
  const verdict = scan(sample);
  expect(verdict.lines).toEqual([
    'add drop 1.2.3.4/32 malicious',
    'add ignore 5.6.7.8/32 trusted',
    'remove drop 9.10.11.12/32 scanner',
  ]);
  expect(verdict.kinds).toEqual(['automated', '', 'manual']);
  expect(verdict.elements).toBe(3);
  // An element ends with its own last byte: that is where a retry's body is cut.
  expect(verdict.ends.map((end) => String.fromCharCode(sample[end - 1]!))).toEqual(['}', '}', '}']);
});

test('metadata is kept as it came where it is wanted, the beginning of what is long, and nothing where it is not', () => {
  const bytes = Buffer.from(
    JSON.stringify([
      report({ metadata: { kind: 'k', detail: 'from 192.0.2.7', extra: { score: 7 } } }),
      report(),
      report({ metadata: { kind: 'k', detail: 'd'.repeat(20_000), extra: 'e'.repeat(20_000) } }),
      report({ metadata: 'free' }),
    ]),
  );
  expect(scan(bytes).metadata).toEqual([
    '0 whole {"kind":"k","detail":"from 192.0.2.7","extra":{"score":7}}',
    `2 cut {"kind":"k","detail":"${'d'.repeat(2048)}"}`,
    '3 whole "free"',
  ]);
  const scanner = new BodyScanner();
  const chunk = new ReportChunk();
  scanner.feed(bytes);
  scanner.advance(chunk, Number.POSITIVE_INFINITY, 10);
  expect([chunk.reports, chunk.metadata.bytes]).toEqual([4, 0]);
});

test('metadata that nests further than JSON can be written keeps its report, and the beginning of what it says', () => {
  const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
  const text = JSON.stringify(report({ metadata: 0 }));
  const body = `[${text.replace('"metadata":0', `"metadata":{"kind":"k","detail":"d","extra":${deep}}`)}]`;
  const { lines, metadata } = scan(Buffer.from(body));
  expect([lines.length, metadata]).toEqual([1, ['0 cut {"kind":"k","detail":"d"}']]);
});

test('a chunk is full before its record could be too large for the log, whatever the reports bring', () => {
  const metadata = { kind: 'k', detail: 'd'.repeat(10_000), extra: null };
  const name = (i: number) => '\u0001'.repeat(50) + i;
  const bodies = {
    metadata: Array.from({ length: 4096 }, () => report({ metadata })),
    kinds: Array.from({ length: 4096 }, (_, i) => report({ metadata: { kind: name(i), detail: '', extra: null } })),
    tags: Array.from({ length: 8192 }, (_, i) => report({}, { tag: `${'t'.repeat(58)}${i}` })),
    quarantined: Array.from({ length: 4096 }, (_, i) => report({ policy: `"${name(i)}${'"'.repeat(2000)}` })),
  };
  for (const [what, reports] of Object.entries(bodies)) {
    // Each is a commit: so not sooner than it has to be, either.
    const least = what === 'quarantined' ? 128 * 1024 : 384 * 1024;
    const scanner = new BodyScanner();
    const chunk = new ReportChunk();
    chunk.metadata.wanted = true;
    scanner.feed(Buffer.from(JSON.stringify(reports)));
    let elements = 0;
    while (scanner.advance(chunk, Number.POSITIVE_INFINITY, 4096) === 'stopped') {
      const { record } = encodeChunk(0, 'couic', { keep: 0, links: [] }, chunk);
      expect([what, record.length < 900_000, chunk.elements === 4096 || record.length > least]).toEqual([
        what,
        true,
        true,
      ]);
      elements += chunk.elements;
      chunk.clear();
    }
    expect([what, elements + chunk.elements]).toEqual([what, reports.length]);
  }
});

test.each([1, 2, 3, 7, 64, 255])('in pieces of %i bytes it is the same', (length) => {
  expect(scan(sample, [length])).toEqual(scan(sample));
});

describe('quarantine says why, and the rest goes on', () => {
  test.each([
    ['not_an_object', 1],
    ['not_an_object', 'text'],
    ['not_an_object', null],
    ['not_an_object', [report()]],
    ['unknown_action', report({ action: 'update' })],
    ['unknown_action', { ...report(), action: undefined }],
    ['unknown_policy', report({ policy: 'allow' })],
    ['bad_entry', report({ entry: null })],
    ['bad_entry', report({ entry: [] })],
    ['bad_cidr', report({}, { cidr: '1.2.3.4' })],
    ['bad_cidr', report({}, { cidr: '1.2.3.4/33' })],
    ['bad_cidr', report({}, { cidr: '1.2.3.256/32' })],
    ['bad_cidr', report({}, { cidr: '01.2.3.4/32' })],
    ['bad_cidr', report({}, { cidr: '2001:db8::/129' })],
    ['bad_cidr', report({}, { cidr: '1::2::3/64' })],
    ['bad_timestamp', report({}, { creation: -1 })],
    ['bad_timestamp', report({}, { creation: 1.5 })],
    ['bad_timestamp', report({}, { creation: '1704067200' })],
    ['bad_timestamp', report({}, { expiration: 1e300 })],
    ['bad_timestamp', report({}, { expiration: 2 ** 65 })],
    ['bad_timestamp', report({}, { creation: 2 ** 48 })],
    ['bad_tag', report({}, { tag: 'a b' })],
    ['bad_tag', report({}, { tag: 7 })],
    ['bad_tag', report({}, { tag: 'é' })],
    ['bad_tag', report({}, { tag: 'a b.couic' })],
    ['bad_tag', report({}, { tag: 'blöcke🦊.couic' })],
    ['tag_too_long', report({}, { tag: 'a'.repeat(65) })],
  ])('%s', (reason, element) => {
    const verdict = scan(Buffer.from(JSON.stringify([report(), element, report()])));
    expect(verdict.reasons).toEqual([[reason, 1]]);
    expect(verdict.lines).toHaveLength(2);
    expect(verdict.elements).toBe(3);
  });
});

test('accepts what Couic may send: long tags, sets, IPv6, no tag, any metadata', () => {
  const verdict = scan(
    Buffer.from(
      JSON.stringify([
        report({}, { tag: 'a'.repeat(64) }),
        report({}, { tag: 'office.couic' }),
        report({}, { tag: null, cidr: '2001:db8::/32' }),
        report({
          metadata: { kind: 'x', detail: null, extra: { deep: [[[{ a: [1.5e-3, true, null, '\u00e9\n'] }]]] } },
        }),
        report({ metadata: 'free text' }, { cidr: '::ffff:1.2.3.4/128' }),
        report({}, { cidr: '10.1.2.3/8' }),
      ]),
    ),
  );
  expect(verdict.reasons).toEqual([]);
  expect(verdict.lines.map((line) => line.split(' ')[2])).toEqual([
    '1.2.3.4/32',
    '1.2.3.4/32',
    '2001:db8::/32',
    '1.2.3.4/32',
    '::ffff:102:304/128',
    '10.0.0.0/8',
  ]);
});

test('an expiration beyond what is packed is the last one there is, up to u64: API clients write "never" so', () => {
  const texts = ['281474976710655', '281474976710656', '9223372036854775807', '18446744073709551615', '1e19'];
  for (const space of ['', ' ']) {
    const body = texts.map(
      (text) => `${JSON.stringify(report()).replace('"expiration":0', `"expiration":${space}${text}`)}`,
    );
    const verdict = scan(Buffer.from(`[${body.join()}]`));
    expect(verdict.reasons).toEqual([]);
    expect(verdict.times).toEqual(texts.flatMap(() => [1704067200, -1, -65536]));
  }
});

test('a set may have any letter and any number in its name', () => {
  const names = ['blocklist-é.couic', 'список_1.couic', '遮断.couic', 'ⅷ.couic', 'हिन्दी.couic', 'a-_9.couic'];
  // A virama is no letter: Rust would not load that set.
  const verdict = scan(Buffer.from(JSON.stringify(names.map((tag) => report({}, { tag })))));
  expect(verdict.reasons).toEqual([['bad_tag', 1]]);
  expect(verdict.lines.map((line) => line.split(' ').at(-1))).toEqual(names.filter((name) => name !== 'हिन्दी.couic'));
});

test('an empty tag is none: Couic adds a rule without a tag with null, and removes it with ""', () => {
  const untagged = (action: string, tag: unknown) => report({ action }, { tag });
  const bodies = [
    [untagged('add', null), untagged('remove', '')],
    [untagged('add', ''), untagged('remove', null), untagged('add', undefined)],
  ];
  for (const elements of bodies) {
    // Spaces keep the fast path from it.
    for (const text of [JSON.stringify(elements), JSON.stringify(elements, null, 1)]) {
      const verdict = scan(Buffer.from(text));
      expect(verdict.reasons).toEqual([]);
      expect(verdict.lines.map((line) => line.split(' ').at(-1))).toEqual(elements.map(() => 'null'));
    }
  }
});

describe('refuses what is no JSON array, and says where', () => {
  test.each([
    ['', 'the body is empty: a JSON array of reports was expected', 0],
    ['{}', 'expected "[": the body is a JSON array of reports, found "{"', 0],
    ['\ufeff[]', 'expected "[": the body is a JSON array of reports, found byte 0xef', 0],
    ['[1', 'the body ends inside the array of reports', 2],
    ['[1,]', 'expected a report, found "]"', 3],
    ['[,1]', 'expected a report, found ","', 1],
    ['[1] x', 'expected the end of the body after "]", found "x"', 4],
    ['[1 2]', 'expected "," or "]" after a report, found "2"', 3],
    ['[]!', 'expected the end of the body after "]", found "!"', 2],
    ['[]~', 'expected the end of the body after "]", found "~"', 2],
    ['[]\x7f', 'expected the end of the body after "]", found byte 0x7f', 2],
    ['\x01', 'expected "[": the body is a JSON array of reports, found byte 0x01', 0],
    ['[1, {"a":1.}]', 'a report is not JSON: unexpected character 7 characters into it', 4],
    ['[{"a":"\u0001"}]', 'a report is not JSON: unexpected character 6 characters into it', 1],
    ['[tru]', 'a report is not JSON: it is not complete or not well formed', 1],
  ])('%j', (text, message, offset) => {
    for (const length of [text.length || 1, 1, 2]) {
      const error = errorOf(() => scan(Buffer.from(text), [length]));
      expect(error).toBeInstanceOf(ScanError);
      expect(error).toMatchObject({ message, offset });
    }
  });

  test('and no text of a report is in the message', () => {
    const secret = 'do-not-log-me';
    expect(() => scan(Buffer.from(`[{"x": ${secret}}]`))).toThrow(
      expect.not.stringContaining(secret) as unknown as Error,
    );
  });
});

test('what Couic writes is not parsed again, in whatever pieces it comes', () => {
  const elements = Array.from({ length: 5 }, (_, n) =>
    report(
      { metadata: { kind: 'k', detail: 'd', extra: { n } } },
      { cidr: n % 2 === 0 ? '2001:db8::/32' : '1.2.3.4/32' },
    ),
  );
  const body = Buffer.from(JSON.stringify(elements));
  const parse = vi.spyOn(JSON, 'parse');
  onTestFinished(() => parse.mockRestore());
  for (let length = 1; length <= body.length; length++) {
    const scanner = new BodyScanner();
    const chunk = new ReportChunk();
    for (let at = 0; at < body.length; at += length) {
      scanner.feed(body.subarray(at, at + length));
      scanner.advance(chunk, Number.POSITIVE_INFINITY, 100);
    }
    scanner.end();
    expect([length, chunk.reports, parse.mock.calls.length]).toEqual([length, 5, 0]);
  }
});

test('stops after the element that was asked for, in whatever pieces it comes, and says where that ended', () => {
  const element = fc.constantFrom(JSON.stringify(report()), JSON.stringify(report(), null, 1), '1', '"a"', '[[], {}]');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(element, fc.constantFrom('', ' ', '\r\n\t'))),
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 }),
      fc.nat(1000),
      fc.integer({ min: 1, max: 3 }),
      (parts, lengths, stopAt, most) => {
        const body = Buffer.from(`[${parts.map(([text, space]) => space + text + space).join()}] `);
        const ends: number[] = [];
        let at = 1;
        let since = 0;
        for (const [text, space] of parts) {
          const end = at + space.length + text.length;
          if (end >= stopAt || ++since === most) {
            ends.push(end);
            since = 0;
          }
          at = end + space.length + 1;
        }
        const scanner = new BodyScanner();
        const stops: number[] = [];
        const chunk = new ReportChunk();
        for (let from = 0, i = 0; from < body.length; i++) {
          const piece = Buffer.from(body.subarray(from, from + lengths[i % lengths.length]!));
          from += piece.length;
          scanner.feed(piece);
          expect(scanner.fed).toBe(from);
          for (;;) {
            const progress = scanner.advance(chunk, stopAt, most);
            if (progress === 'needs data') break;
            if (progress === 'closed') continue;
            stops.push(scanner.elementEnd);
            chunk.clear();
          }
          // Whoever reads may use the memory again.
          piece.fill(0x30);
        }
        scanner.end();
        expect(stops).toEqual(ends);
      },
    ),
    { numRuns: 500 },
  );
});

test('a tag is judged the same by the fast path: every byte that it may and may not hold', () => {
  for (let byte = 0; byte < 256; byte++) {
    // As Couic writes it, so that the fast path takes it; the byte is not escaped.
    const [head, tail] = JSON.stringify([report({}, { tag: 'a?b' })]).split('?') as [string, string];
    const body = Buffer.concat([Buffer.from(head), Buffer.of(byte), Buffer.from(tail)]);
    expect(scanOrNull(body), `byte ${byte}`).toEqual(reference(body));
  }
});

test('a report beyond the bound keeps its rule and its kind: its metadata is left out, in one piece or many', () => {
  const long = 'x"\\,}]{é'.repeat(MAX_REPORT_BYTES / 8);
  const kind = (name: string) => ({ kind: name, detail: long, extra: { deep: [{ metadata: long }] } });
  const whole = report({ metadata: { kind: 'k', detail: 'd', extra: null } });
  const elements = [
    report({ metadata: kind('k') }),
    // In another order, and with what is not Couic's.
    { metadata: kind('k'), zzz: [1, { a: '"' }], action: 'remove', policy: 'drop', entry: whole.entry },
    report({ metadata: long }),
    report({ metadata: { detail: long } }),
    report({ metadata: kind('k'.repeat(100)) }),
    report({ metadata: kind('k'.repeat(5000)) }),
    report({ metadata: kind('') }),
    whole,
  ];
  for (const space of [undefined, 1]) {
    const body = Buffer.from(JSON.stringify(elements, null, space));
    for (const length of [body.length, 65536, 9999]) {
      const verdict = scan(body, [length]);
      expect(verdict.reasons).toEqual([]);
      expect(verdict.lines.map((line) => line.split(' ')[0])).toEqual([
        'add',
        'remove',
        ...Array.from({ length: 6 }, () => 'add'),
      ]);
      expect(verdict.kinds).toEqual(['k', 'k', '', '', '_OTHER', '_OTHER', '', 'k']);
    }
  }
});

test('a report of 1 MiB is kept as any other, and one byte more is too long', () => {
  const of = (length: number) => {
    const metadata = (detail: string) => report({ metadata: { kind: 'k', detail, extra: null } });
    return JSON.stringify(metadata('d'.repeat(length - JSON.stringify(metadata('')).length)));
  };
  const body = Buffer.from(`[${of(MAX_REPORT_BYTES)},${of(MAX_REPORT_BYTES + 1)},${of(MAX_REPORT_BYTES)}]`);
  const kept = JSON.stringify({ kind: 'k', detail: 'd'.repeat(2048) });
  for (const length of [body.length, 65536, 1_000_003]) {
    expect(scan(body, [length])).toMatchObject({
      kinds: ['k', 'k', 'k'],
      metadata: [`0 cut ${kept}`, '1 cut {"kind":"k"}', `2 cut ${kept}`],
    });
  }
});

test('a long report that is not valid says why, and keeps its beginning', () => {
  const long = { kind: 'k', detail: 'x'.repeat(MAX_REPORT_BYTES), extra: null };
  const verdict = scan(
    Buffer.from(JSON.stringify([report({ policy: 'x', metadata: long }), report({ metadata: long }, { cidr: 'x' })])),
  );
  expect(verdict.reasons).toEqual([
    ['bad_cidr', 1],
    ['unknown_policy', 1],
  ]);
});

test('one that is long in anything else is quarantined with its beginning, in one piece or many, and the rest goes on', () => {
  const huge = report({ more: { detail: 'x'.repeat(MAX_REPORT_BYTES) } });
  const body = Buffer.from(JSON.stringify([report(), huge, report()]));
  for (const length of [body.length, 65536, 1000]) {
    const verdict = scan(body, [length]);
    expect(verdict.reasons).toEqual([['too_large', 1]]);
    expect(verdict.lines).toHaveLength(2);
  }
});

test('nesting is bounded only by the length of a report', () => {
  const deep = `${'['.repeat(500_000)}${']'.repeat(500_000)}`;
  expect(scan(Buffer.from(`[${deep}]`), [65536]).reasons).toEqual([['not_an_object', 1]]);
});

test('pieces of one byte cost no more looks at a byte than a whole body: the time is linear', () => {
  const text = JSON.stringify(report({ metadata: { kind: 'k', detail: 'y'.repeat(200_000), extra: null } }));
  const time = (pieces: number) => {
    const start = process.cpuUsage();
    scan(Buffer.from(`[${text}]`), [pieces]);
    const used = process.cpuUsage(start);
    return used.user + used.system;
  };
  time(64);
  // Quadratic work would be 200,000 times 100,000 bytes: minutes.
  expect(time(1)).toBeLessThan(5_000_000);
});

describe('is JSON.parse plus validation, for any bytes and any pieces', () => {
  const runs = Number(process.env.FUZZ_RUNS ?? 300);
  const kind = fc.oneof(fc.constantFrom('automated', 'manual', '', 'é', '_OTHER', 'k"k', 'a\\b'), fc.string());
  const cidr = fc.oneof(
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 34 })).map(([ip, prefix]) => `${ip}/${prefix}`),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 130 })).map(([ip, prefix]) => `${ip}/${prefix}`),
    fc.constantFrom('1.2.3.4', '1.2.3/8', '1.2.3.4/', '/8', '1.2.3.4.5/8', '001.2.3.4/8', '1.2.3.4/08', '1.2.3.4/32 '),
  );
  const time = fc.oneof(
    fc.integer({ min: 0, max: 2_000_000_000 }),
    fc.constantFrom(0, 2 ** 32, 2 ** 48 - 1, 2 ** 48, 1e15, 1e16, 2 ** 63, 2 ** 64, 1e20, -1, 0.5, '1', null),
  );
  const tag = fc.oneof(
    fc.constantFrom(
      null,
      'scanner',
      'a.couic',
      'x'.repeat(64),
      'x'.repeat(65),
      'bad tag',
      '',
      'é',
      'é.couic',
      undefined,
      3,
    ),
    fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/),
  );
  const anything = fc.jsonValue({ maxDepth: 4 });
  const like = fc.record(
    {
      action: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('add', 'remove') }, { weight: 1, arbitrary: anything }),
      policy: fc.oneof({ weight: 9, arbitrary: fc.constantFrom('drop', 'ignore') }, { weight: 1, arbitrary: anything }),
      entry: fc.oneof(
        { weight: 9, arbitrary: fc.record({ creation: time, cidr, tag, expiration: time }) },
        { weight: 1, arbitrary: anything },
      ),
      metadata: fc.oneof(fc.constant(null), fc.record({ kind, detail: fc.string(), extra: anything }), anything),
    },
    { requiredKeys: ['action', 'policy', 'entry'] },
  );
  const spaced = fc.constantFrom(undefined, undefined, 1, '\t\r');
  const body = fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 8, arbitrary: like },
          { weight: 1, arbitrary: anything },
          { weight: 3, arbitrary: fc.constantFrom(null, 1, true, -0.5, 'a') },
        ),
      ),
      spaced,
    )
    .map(([elements, space]) => Buffer.from(JSON.stringify(elements, null, space as string)));
  const pieces = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 8 });

  test('well-formed bodies', () => {
    fc.assert(
      fc.property(body, pieces, (bytes, lengths) => {
        const expected = reference(bytes);
        expect(scanOrNull(bytes, lengths)).toEqual(expected);
        expect(scanOrNull(bytes)).toEqual(expected);
      }),
      { numRuns: runs },
    );
  });

  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 4 }),
    insert: fc.oneof(
      fc.constantFrom(
        '"',
        '\\',
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '\\u00',
        '\\ud800',
        '\0',
        '\x1f',
        'null',
        '-',
        '0',
        '1e',
        ' ',
        '\ufeff',
      ),
      fc.constantFrom('"action":"add",', '"entry":null,', '"tag":"x",', '\\u0061'),
    ),
    raw: fc.option(fc.uint8Array({ minLength: 1, maxLength: 3 }), { nil: undefined }),
  });

  test('bodies with bytes changed, put in, left out or cut off', () => {
    fc.assert(
      fc.property(body, fc.array(edit, { minLength: 1, maxLength: 3 }), pieces, (bytes, edits, lengths) => {
        let broken = bytes;
        for (const { at, remove, insert, raw } of edits) {
          const position = Math.floor(at * broken.length);
          broken = Buffer.concat([
            broken.subarray(0, position),
            raw === undefined ? Buffer.from(insert) : raw,
            broken.subarray(position + remove),
          ]);
        }
        const expected = reference(broken);
        expect(scanOrNull(broken, lengths)).toEqual(expected);
        expect(scanOrNull(broken)).toEqual(expected);
        const cut = broken.subarray(0, Math.floor(broken.length / 2));
        expect(scanOrNull(cut, lengths)).toEqual(reference(cut));
      }),
      { numRuns: runs * 3 },
    );
  });
});
