import { expect, test } from 'vitest';
import { bodyOf, collect, pieces, split, startedLedger, type TestReport } from '../support/ledger.ts';

const CREATION = 1_704_067_200;
const RULE = { creation: CREATION, cidr: '192.0.2.0/24', tag: 'scanner', expiration: 0 };
const listOf = (rules: readonly object[]) => async (policy: 'drop' | 'ignore') =>
  split(JSON.stringify(policy === 'drop' ? rules : []));

test('a rule that a comparison brought before its report counted twice in the prefix lengths', async () => {
  const { ledger } = await startedLedger();
  const ingest = (...reports: TestReport[]) => ledger.ingest('edge', pieces(bodyOf(reports)));
  const prefixLengths = async () => (await collect(ledger.producer()))['couic.rule.prefix_length'];
  await ledger.reconcile('edge', listOf([RULE]));
  expect(await prefixLengths()).toEqual({ 'drop ipv4': 1 });
  await ingest(RULE);
  expect(await prefixLengths()).toEqual({ 'drop ipv4': 1 });
  // One that was removed and added again is another.
  await ingest({ ...RULE, action: 'remove' }, RULE);
  expect(await prefixLengths()).toEqual({ 'drop ipv4': 2 });
  await ledger.stop();
});

test('a rule that was added again in the second of its removal, which was reported late, comes back with the next comparison', async () => {
  const { ledger } = await startedLedger();
  const active = async () => (await collect(ledger.producer()))['couic.rule.active'] ?? {};
  // In force at Couic: added, removed, added. Its reports are queued after its lock is released, so in any order.
  for (const actions of [
    ['add', 'add', 'remove'],
    ['add', 'remove', 'add'],
    ['remove', 'add', 'add'],
  ] as const) {
    await ledger.ingest('edge', pieces(bodyOf(actions.map((action) => ({ ...RULE, action })))));
    await ledger.reconcile('edge', listOf([RULE]));
    expect(await active()).toEqual({ 'drop scanner ipv4': 1 });
    await ledger.reconcile('edge', listOf([]));
    expect(await active()).toEqual({});
  }
  await ledger.stop();
});
