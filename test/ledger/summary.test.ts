import { expect, test } from 'vitest';
import { SUMMARY_OPERATION, type Summary } from '../../src/service/admin/summary.ts';
import { bodyOf, ManualClock, newLedger, pieces } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

async function started() {
  const store = new MemoryStore();
  const clock = new ManualClock();
  const { ledger } = newLedger(store, clock);
  await store.load();
  await ledger.start();
  const summary = async () => (await ledger.operations[SUMMARY_OPERATION]!(null)) as Summary;
  return { ledger, clock, summary };
}

test('each Couic with what it holds, its tags by drop rules, and when it reported', async () => {
  const { ledger, clock, summary } = await started();
  expect(await summary()).toEqual([]);
  expect(ledger.hasReported('edge')).toBe(false);
  const reports = [
    { cidr: '192.0.2.1/32', tag: 'scanner' },
    { cidr: '2001:db8::1/128', tag: 'scanner' },
    { cidr: '192.0.2.2/32', tag: null },
    { cidr: '192.0.2.3/32', tag: 'ssh', policy: 'ignore' as const },
    { cidr: 'no network' },
  ];
  await ledger.ingest('edge', pieces(bodyOf(reports)));
  expect(ledger.hasReported('edge')).toBe(true);
  expect(await summary()).toEqual([
    {
      instance: 'edge',
      lastReport: clock.now(),
      rules: { drop: { ipv4: 2, ipv6: 1 }, ignore: { ipv4: 1, ipv6: 0 } },
      limits: { drop: 262_144, ignore: 65_536 },
      tags: [
        { tag: 'scanner', rules: 2 },
        { tag: null, rules: 1 },
      ],
      up: null,
      drift: null,
      comparedAt: null,
      dropped: null,
      quarantined: 1,
    },
  ]);
});

test('one that only its API tells of is there too', async () => {
  const { ledger, summary } = await started();
  ledger.setUp('core', false);
  expect(await summary()).toMatchObject([{ instance: 'core', lastReport: null, up: false, drift: null, tags: [] }]);
  ledger.setUp('core', true, { drop: 3, ignore: 1 });
  expect(await summary()).toMatchObject([{ instance: 'core', up: true, drift: 4 }]);
});

test('ten tags are told, those with the most rules', async () => {
  const { ledger, summary } = await started();
  const reports = Array.from({ length: 12 }, (_, tag) =>
    Array.from({ length: tag + 1 }, (_each, host) => ({ cidr: `10.0.${tag}.${host}/32`, tag: `tag-${tag}` })),
  );
  await ledger.ingest('edge', pieces(bodyOf(reports.flat())));
  const [edge] = await summary();
  expect(edge!.tags.length).toBe(10);
  expect(edge!.tags[0]).toEqual({ tag: 'tag-11', rules: 12 });
});
