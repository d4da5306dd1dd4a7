import fc from 'fast-check';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Cidr, formatCidr } from '../../src/report/cidr.ts';
import { scanReport } from '../../src/report/fast-path.ts';
import { ReportChunk } from '../../src/report/report-chunk.ts';
import { addParsed } from '../../src/report/validate.ts';
import { verdictOf } from './reference.ts';

function newChunk(): ReportChunk {
  const chunk = new ReportChunk();
  chunk.metadata.wanted = true;
  return chunk;
}

const EMPTY = verdictOf(newChunk());

function scanned(bytes: Uint8Array, from = 0, to = bytes.length) {
  const chunk = newChunk();
  const end = scanReport(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), from, to, chunk);
  return { end, verdict: verdictOf(chunk) };
}

/** What JSON.parse and validate.ts say; null where there is no report to be had. */
function parsed(bytes: Uint8Array) {
  const chunk = newChunk();
  try {
    if (addParsed(chunk, JSON.parse(Buffer.from(bytes).toString('utf8'))) !== null) return null;
  } catch {
    return null;
  }
  return verdictOf(chunk);
}

/** As serde_json writes it: compact, in this order. `extra` and `detail` are JSON. */
const report = ({
  action = 'add',
  policy = 'drop',
  creation = '1704067200',
  cidr = '192.0.2.7/32',
  tag = '"scanner"',
  expiration = '0',
  metadata = 'null',
}: Record<string, string>) =>
  `{"action":"${action}","policy":"${policy}","entry":{"creation":${creation},"cidr":"${cidr}","tag":${tag},"expiration":${expiration}},"metadata":${metadata}}`;
const metadataOf = (kind: string, detail: string, extra: string) =>
  `{"kind":"${kind}","detail":${detail},"extra":${extra}}`;
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('takes what Couic writes, whatever is around it, as JSON.parse and validation do', () => {
  const json = (maxDepth: number) => fc.jsonValue({ maxDepth }).map((value) => JSON.stringify(value));
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '🦊', '"', '\\', '\n', '\u0001', '/', ' ') });
  const couic = fc
    .record({
      action: fc.constantFrom('add', 'remove'),
      policy: fc.constantFrom('drop', 'ignore'),
      creation: fc
        .oneof(
          fc.nat(),
          fc.maxSafeNat().map((time) => time % 2 ** 48),
          fc.constantFrom(0, 2 ** 48 - 1),
        )
        .map(String),
      cidr: fc.oneof(
        fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, prefix]) => `${ip}/${prefix}`),
        fc
          .tuple(fc.array(fc.constantFrom(0, 0, 1, -1, 0x20010db8), { minLength: 4, maxLength: 4 }), fc.nat(128))
          .map(([words, prefix]) => formatCidr({ ipv6: true, prefix, words: words as Cidr['words'] })),
      ),
      tag: fc.oneof(fc.constantFrom('null', '""', '"a.couic"'), fc.stringMatching(/^"[\w.-]{1,64}"$/)),
      expiration: fc.oneof(
        fc.nat().map(String),
        fc.constantFrom('0', '281474976710655', '281474976710656', '9223372036854775807', '9999999999999999999'),
      ),
      metadata: fc.oneof(
        fc.constant('null'),
        fc
          .tuple(fc.stringMatching(/^[ !#-[\]-~]{0,64}$/), fc.oneof(text, fc.string(), fc.constant(null)), json(4))
          .map(([kind, detail, extra]) => metadataOf(kind, JSON.stringify(detail), extra)),
      ),
    })
    .map(report);

  test('any report', () => {
    fc.assert(
      fc.property(couic, fc.constantFrom('', 'x'), fc.constantFrom('', ',', ']', '0'), (text, before, after) => {
        const bytes = Buffer.from(before + text + after);
        const end = bytes.length - after.length;
        expect(scanned(bytes, before.length)).toEqual({ end, verdict: parsed(Buffer.from(text)) });
      }),
      { numRuns: 500 },
    );
  });

  test('and makes no string of any', () => {
    const chunk = newChunk();
    const made = vi.spyOn(Buffer.prototype, 'toString');
    onTestFinished(() => made.mockRestore());
    for (const text of fc.sample(couic, 100)) {
      const bytes = Buffer.from(text);
      made.mockClear();
      scanReport(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, chunk);
      expect([text, made.mock.calls.length]).toEqual([text, 0]);
    }
    expect(chunk.reports).toBe(100);
  });

  test.each([
    ['the longest tag', report({ tag: `"${'t'.repeat(64)}"` })],
    ['the longest kind', report({ metadata: metadataOf('k'.repeat(64), '""', '""') })],
    ['the shortest report', report({ creation: '0', cidr: '::/0', tag: '""' })],
    ['an IPv4 address within IPv6', report({ cidr: '::ffff:192.0.2.7/128' })],
    ['the last time there is', report({ creation: '281474976710655' })],
    ['metadata beyond what is kept', report({ metadata: metadataOf('k', `"${'d'.repeat(20_000)}"`, '1') })],
    ['an extra of some depth', report({ metadata: metadataOf('k', '"d"', nested(15)) })],
    ['empty ones', report({ metadata: metadataOf('', '""', '{"a":{},"b":[],"":""}') })],
    ['numbers', report({ metadata: metadataOf('k', '-0.10', '[0,-1,1.5e3,2E-7,3e+09,-0e0,10]') })],
    ['words', report({ metadata: metadataOf('k', 'true', '[true,false,null,{"a":false}]') })],
    ['escapes', report({ metadata: metadataOf('k', '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0aF9"', '"\\\\"') })],
  ])('%s', (_, text) => {
    const bytes = Buffer.from(text);
    const verdict = parsed(bytes);
    expect(verdict?.lines).toHaveLength(1);
    expect(scanned(bytes)).toEqual({ end: bytes.length, verdict });
  });
});

test('gives up beyond a depth: how deep it goes itself does not follow what comes', () => {
  for (const extra of [nested(100_000), `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`]) {
    expect(scanned(Buffer.from(report({ metadata: metadataOf('k', '""', extra) })))).toEqual({
      end: -1,
      verdict: EMPTY,
    });
  }
});

/** Every kind of value that a report has, once. */
const VARIED = [
  report({ metadata: metadataOf('k', '"d\\u00e9\\n"', '{"a":[0,-1.5e-3,{}],"b":[],"c":true}') }),
  report({
    action: 'remove',
    policy: 'ignore',
    creation: '0',
    cidr: '10.0.0.0/8',
    tag: 'null',
    expiration: '281474976710656',
  }),
  report({
    cidr: '2001:db8:0:1::/64',
    creation: '281474976710655',
    expiration: '1844674407370955161',
    metadata: metadataOf('', 'null', 'false'),
  }),
  report({
    action: 'remove',
    cidr: '1:2:3:4:5:6:7:8/128',
    tag: '""',
    metadata: metadataOf('', '0', '"xxxxxxxxx"'),
  }),
].map((text) => Buffer.from(text));

describe('never takes what JSON.parse and validation would refuse or read otherwise', () => {
  /** All of ASCII that may begin or end a range of something, and what is none. */
  const BYTES = [0, 8, 9, 10, 13, 0x1f, ...Array.from({ length: 0x61 }, (_, i) => 0x20 + i), 0xa2, 0xc3, 0xff];
  const chunk = newChunk();

  function compare(bytes: Uint8Array): void {
    const end = scanReport(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length, chunk);
    if (end < 0) {
      if (chunk.length + chunk.elements + chunk.reports + chunk.metadata.bytes > 0) expect.fail('it gave up half way');
    } else {
      // What follows is for whoever scans the array.
      const taken = bytes.subarray(0, end);
      expect(verdictOf(chunk), Buffer.from(taken).toString('latin1')).toEqual(parsed(taken));
    }
    chunk.clear();
  }

  test.each(VARIED)('any byte changed, put in or left out: %s', (report) => {
    const bytes = new Uint8Array(report.length + 1);
    for (let at = 0; at < report.length; at++) {
      compare(Buffer.concat([report.subarray(0, at), report.subarray(at + 1)]));
      for (const byte of BYTES) {
        bytes.set(report);
        bytes[at] = byte;
        compare(bytes.subarray(0, report.length));
        bytes.set(report.subarray(at), at + 1);
        compare(bytes);
      }
    }
  });

  test.each(VARIED)('cut off anywhere, and looks at nothing behind the end: %s', (report) => {
    for (let to = 0; to < report.length; to++) expect(scanned(report, 0, to)).toEqual({ end: -1, verdict: EMPTY });
  });
});
