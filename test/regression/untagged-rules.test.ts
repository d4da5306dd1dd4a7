import { expect, test } from 'vitest';
import { bodyOf, collect, pieces, split, startedLedger } from '../support/ledger.ts';

const active = async (ledger: Awaited<ReturnType<typeof startedLedger>>['ledger']) =>
  (await collect(ledger.producer()))['couic.rule.active'] ?? {};

test('a rule without a tag, added with null and removed with "", stayed for ever: its removal was quarantined', async () => {
  const { ledger } = await startedLedger();
  await ledger.ingest('edge', pieces(bodyOf([{ policy: 'ignore', tag: null }])));
  expect(await active(ledger)).toEqual({ 'ignore untagged ipv4': 1 });
  const removal = pieces(bodyOf([{ action: 'remove', policy: 'ignore', tag: '' }]));
  expect(await ledger.ingest('edge', removal)).toEqual({ accepted: 1, replayed: 0, quarantined: 0 });
  expect(await active(ledger)).toEqual({});
  expect((await collect(ledger.producer()))['couic.reports']).toEqual({
    'add none ignore untagged ipv4': 1,
    'remove none ignore untagged ipv4': 1,
  });
  await ledger.stop();
});

test('rules that Couic listed with an empty tag were thrown out of the ledger at the next comparison', async () => {
  const { ledger } = await startedLedger();
  const rules = Array.from({ length: 1001 }, (_, i) => ({ cidr: `10.0.${i >> 8}.${i & 255}/32` }));
  await ledger.ingest('edge', pieces(bodyOf(rules.map((rule) => ({ ...rule, tag: null })))));
  const listed = rules.map(({ cidr }) => ({ creation: 1_704_067_200, cidr, tag: '', expiration: 0 }));
  for (let comparison = 0; comparison < 2; comparison++) {
    const list = async (policy: 'drop' | 'ignore') => split(JSON.stringify(policy === 'drop' ? listed : []));
    expect(await ledger.reconcile('edge', list)).toMatchObject({ listed: 1001, drift: 0, unreadable: new Map() });
    expect(await active(ledger)).toEqual({ 'drop untagged ipv4': 1001 });
  }
  await ledger.stop();
});
