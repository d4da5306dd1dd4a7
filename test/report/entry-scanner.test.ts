import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EntryScanner } from '../../src/report/entry-scanner.ts';
import { ReportChunk } from '../../src/report/report-chunk.ts';

const ENTRIES = [
  { creation: 1_704_067_200, cidr: '1.2.3.4/32', tag: 'malicious', expiration: 1_704_070_800 },
  { creation: 1_704_067_205, cidr: '2001:db8::/32', tag: null, expiration: 0 },
  { creation: 1_704_067_300, cidr: '5.6.0.0/16', tag: 'spamhaus.couic', expiration: 0 },
];

function scan(text: string, length = text.length, policy: 'drop' | 'ignore' = 'drop') {
  const scanner = new EntryScanner(policy);
  const chunk = new ReportChunk();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += length) scanner.feed(bytes.subarray(at, at + length), chunk);
  scanner.end();
  return { rules: [...chunk.lines()], invalid: Object.fromEntries(chunk.reasons) };
}

test('gives each entry as a rule that was added, in pieces of any length', () => {
  for (const text of [JSON.stringify(ENTRIES), JSON.stringify(ENTRIES, null, 2)]) {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: text.length }), (length) => {
        expect(scan(text, length, 'ignore')).toEqual({
          rules: ENTRIES.map(({ cidr, tag }) => ({ action: 'add', policy: 'ignore', cidr, tag })),
          invalid: {},
        });
      }),
    );
  }
});

test('an entry with an empty tag, as Couic lists a rule without one, is a rule without a tag', () => {
  const { rules, invalid } = scan(JSON.stringify([{ ...ENTRIES[0], tag: '' }]));
  expect(rules).toMatchObject([{ cidr: '1.2.3.4/32', tag: null }]);
  expect(invalid).toEqual({});
});

test('an empty list has none', () => {
  expect(scan(' [ ] ')).toEqual({ rules: [], invalid: {} });
});

test('an entry that is not valid is counted, and the rest goes on', () => {
  const { rules, invalid } = scan(JSON.stringify([7, { cidr: '1.2.3.4' }, ENTRIES[0]]));
  expect(rules.map(({ cidr }) => cidr)).toEqual(['1.2.3.4/32']);
  expect(invalid).toEqual({ bad_entry: 1, bad_cidr: 1 });
});

describe('refused', () => {
  test.each([
    ['', 'the answer ends inside the list of rules'],
    ['<html>', 'the answer is not a JSON array of rules'],
    ['{"code":401}', 'the answer is not a JSON array of rules'],
    ['[{"cidr":"1.2.3.4/32"', 'the answer ends inside the list of rules'],
    ['[{}', 'the answer ends inside the list of rules'],
    ['[{},]', 'the answer is not a JSON array of rules'],
    ['[,{}]', 'the answer is not a JSON array of rules'],
    ['[{} {}]', 'the answer is not a JSON array of rules'],
    ['[]]', 'the answer is not a JSON array of rules'],
    ['[{"a":}]', 'an entry of the list is not JSON'],
    [`["${'x'.repeat(70_000)}"]`, 'an entry of the list is too long'],
  ])('%s', (text, message) => {
    expect(() => scan(text)).toThrow(message);
  });

  test.each([
    ['[1, 2 3]', 6],
    ['[{},\n', 5],
    ['[1, {"a":}]', 10],
  ])('%j, with where in the answer', (text, offset) => {
    for (const length of [1, 3, text.length])
      expect(() => scan(text, length)).toThrow(expect.objectContaining({ offset }));
  });
});

test('an entry of 64 KiB is taken, and nothing of it counts for the next', () => {
  const entry = (length: number) => JSON.stringify({ ...ENTRIES[0], more: 'x'.repeat(length) });
  const most = 64 * 1024 - entry(0).length;
  for (const length of [10_000, 1_000_000]) {
    expect(scan(`[${entry(most)},${entry(most)},1]`, length)).toMatchObject({
      rules: [{}, {}],
      invalid: { bad_entry: 1 },
    });
    expect(() => scan(`[${entry(most)},${entry(most + 1)}]`, length)).toThrow('too long');
  }
});

test('networks of entries that say nothing else that is valid are named apart', () => {
  const scanner = new EntryScanner('ignore');
  const chunk = new ReportChunk();
  const bad = [{ ...ENTRIES[0], tag: 'a b' }, { cidr: '2001:db8::/32' }, { cidr: 7 }, null, 7];
  scanner.feed(Buffer.from(JSON.stringify([...bad, ENTRIES[2]])), chunk);
  scanner.end();
  expect([...scanner.named.lines()].map(({ policy, cidr, tag }) => [policy, cidr, tag])).toEqual([
    ['ignore', '1.2.3.4/32', null],
    ['ignore', '2001:db8::/32', null],
  ]);
  expect([...chunk.lines()].map(({ cidr }) => cidr)).toEqual(['5.6.0.0/16']);
  expect(chunk.elements).toBe(6);
});
