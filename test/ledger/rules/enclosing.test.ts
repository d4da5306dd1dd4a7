import { expect, it, vi } from 'vitest';
import { enclosing } from '../../../src/ledger/rules/enclosing.ts';
import { Rules } from '../../../src/ledger/rules/rules.ts';
import { formatCidr, parseAddress } from '../../../src/report/cidr.ts';
import { cidrOf, wordsOf } from '../../../src/report/packed.ts';
import { ReportChunk } from '../../../src/report/report-chunk.ts';
import { addParsed } from '../../../src/report/validate.ts';

function rulesOf(reports: readonly (readonly [policy: string, cidr: string])[]): Rules {
  const rules = new Rules(Int32Array.of(1, 2));
  const chunk = new ReportChunk();
  for (const [policy, cidr] of reports)
    addParsed(chunk, { action: 'add', policy, entry: { creation: 1, cidr, tag: null, expiration: 0 } });
  for (let at = 0; at < chunk.length; at += wordsOf(chunk.words[at]!)) rules.add(0, chunk.words, at, 1);
  return rules;
}

function networks(rules: Rules, policy: 0 | 1, address: string): string[] {
  const words = new Int32Array(9);
  return Array.from(enclosing(rules, 0, policy, parseAddress(address)!), (rule) => {
    rules.pack(rule, words, 0);
    return formatCidr(cidrOf(words, 0));
  });
}

const rules = rulesOf([
  ['drop', '0.0.0.0/0'],
  ['drop', '192.0.2.0/24'],
  ['drop', '192.0.2.1/32'],
  ['drop', '192.0.2.2/32'],
  ['ignore', '192.0.0.0/16'],
  ['drop', '2001:db8::/32'],
  ['drop', '2001:db8:0:1::/64'],
  ['drop', '::/0'],
]);

it('finds every network around an address, the smallest first', () => {
  expect(networks(rules, 0, '192.0.2.1')).toEqual(['192.0.2.1/32', '192.0.2.0/24', '0.0.0.0/0']);
  expect(networks(rules, 1, '192.0.2.1')).toEqual(['192.0.0.0/16']);
  expect(networks(rules, 0, '192.0.2.0/25')).toEqual(['192.0.2.0/24', '0.0.0.0/0']);
  expect(networks(rules, 0, '2001:db8:0:1::7')).toEqual(['2001:db8:0:1::/64', '2001:db8::/32', '::/0']);
  expect(networks(rules, 0, '2001:db9::')).toEqual(['::/0']);
});

it.each([
  ['192.0.2.1', 33],
  ['192.0.2.0/24', 25],
  ['2001:db8::1', 129],
])('looks into the index for %s %d times, however many rules there are', (address, looks) => {
  for (const held of [
    rules,
    rulesOf(Array.from({ length: 5000 }, (_, i) => ['drop', `10.0.${i >> 8}.${i & 255}/32`])),
  ]) {
    const find = vi.spyOn(held, 'find');
    networks(held, 0, address);
    expect(find).toHaveBeenCalledTimes(looks);
    find.mockRestore();
  }
});
