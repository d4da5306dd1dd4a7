import { expect, it } from 'vitest';
import { type Explanation, RULE_OPERATIONS, type RulePage, type ShownRule } from '../../src/service/admin/rules.ts';
import { bodyOf, pieces, startedLedger, type TestReport } from '../support/ledger.ts';

const NOW = 1_704_067_300_000;
const since = 1_704_067_200_000;

async function ledgerOf(reports: readonly TestReport[], instance = 'a') {
  const started = await startedLedger();
  await started.ledger.ingest(instance, pieces(bodyOf(reports)));
  return started;
}

type Ledger = Awaited<ReturnType<typeof ledgerOf>>['ledger'];

const explain = (ledger: Ledger, network: string) =>
  ledger.operations[RULE_OPERATIONS.explain]!({ network }) as Promise<Explanation>;
const page = (ledger: Ledger, argument: object) =>
  ledger.operations[RULE_OPERATIONS.list]!(argument) as Promise<RulePage>;

it('lets an ignore rule win over every drop rule, as the two tries of Couic do, and the longest prefix in each', async () => {
  const { ledger } = await ledgerOf([
    { cidr: '192.0.2.1/32', tag: 'scanner' },
    { cidr: '192.0.2.0/24', tag: null },
    { cidr: '192.0.0.0/16', tag: 'office', policy: 'ignore' },
  ]);
  const rule = (policy: string, network: string, tag: string | null) =>
    ({ instance: 'a', policy, network, tag, since, until: null }) as ShownRule;
  expect(await explain(ledger, '192.0.2.1')).toEqual({
    network: '192.0.2.1/32',
    at: NOW,
    instances: [
      {
        instance: 'a',
        verdict: 'ignore',
        rules: [
          rule('ignore', '192.0.0.0/16', 'office'),
          rule('drop', '192.0.2.1/32', 'scanner'),
          rule('drop', '192.0.2.0/24', null),
        ],
        inside: { drop: 0, ignore: 0, shown: [] },
        compared: null,
      },
    ],
    scanned: 0,
    history: expect.anything(),
  });
  expect((await explain(ledger, '198.51.100.1')).instances[0]).toMatchObject({ verdict: 'none', rules: [] });
});

it('looks through all rules for networks inside of one', async () => {
  const { ledger } = await ledgerOf([
    { cidr: '192.0.2.1/32' },
    { cidr: '192.0.2.128/25', policy: 'ignore' },
    { cidr: '192.0.3.0/24' },
    { cidr: '2001:db8::1/128' },
  ]);
  const { instances, scanned, network } = await explain(ledger, '192.0.2.77/24');
  expect({ network, scanned }).toEqual({ network: '192.0.2.0/24', scanned: 4 });
  expect(instances[0]).toMatchObject({ verdict: 'partly', inside: { drop: 1, ignore: 1 } });
  expect(instances[0]!.inside.shown.map(({ network }) => network)).toEqual(['192.0.2.1/32', '192.0.2.128/25']);
  expect((await explain(ledger, '2001:db8::/32')).instances[0]!.inside).toMatchObject({ drop: 1, ignore: 0 });
  expect((await explain(ledger, '192.0.2.0/23')).instances[0]!.inside).toMatchObject({ drop: 2, ignore: 1 });
});

it('does not call a rule in force whose time is over, though it was not taken out yet', async () => {
  const { ledger, clock } = await ledgerOf([{ cidr: '192.0.2.1/32', expiration: NOW / 1000 + 10 }]);
  expect((await explain(ledger, '192.0.2.1')).instances[0]!.verdict).toBe('drop');
  clock.advance(10_000);
  const { instances, history } = await explain(ledger, '192.0.2.1');
  expect(instances[0]!.verdict).toBe('none');
  expect(history.events[0]!.until).toBe(NOW + 10_000);
  expect((await page(ledger, {})).rules).toEqual([]);
});

it('knows an end that no calendar has as never', async () => {
  const { ledger } = await ledgerOf([{ cidr: '192.0.2.1/32', expiration: 2 ** 63 }]);
  expect((await page(ledger, {})).rules[0]!.until).toBeNull();
  expect((await explain(ledger, '192.0.2.1')).history.events[0]!.until).toBeNull();
});

it('tells what the log still says of the network, those around it and those inside', async () => {
  const { ledger, clock } = await ledgerOf([
    { cidr: '192.0.2.1/32', tag: 'scanner', kind: 'http' },
    { cidr: '192.0.2.2/32' },
    { cidr: '192.0.2.0/24', tag: null },
  ]);
  clock.advance(5000);
  await ledger.ingest('a', pieces(bodyOf([{ cidr: '192.0.2.1/32', tag: 'scanner', action: 'remove' }])));
  const { history } = await explain(ledger, '192.0.2.1');
  const told = history.events.map(({ time, what, network, tag, kind }) => [time, what, network, tag, kind]);
  expect(told).toEqual([
    [NOW, 'added', '192.0.2.1/32', 'scanner', 'http'],
    [NOW, 'added', '192.0.2.0/24', null, null],
    [NOW + 5000, 'removed', '192.0.2.1/32', 'scanner', null],
  ]);
  expect(history).toMatchObject({ truncated: false, partial: false });
  expect((await explain(ledger, '192.0.2.0/30')).history.events).toHaveLength(4);
});

it('tells the newest of very many events, and that there were more', async () => {
  const { ledger } = await ledgerOf(Array.from({ length: 500 }, (_, i) => ({ cidr: `10.0.${i >> 8}.${i & 255}/32` })));
  const { history } = await explain(ledger, '10.0.0.0/8');
  expect(history.truncated).toBe(true);
  expect(history.events).toHaveLength(100);
  expect(history.events.at(-1)!.network).toBe('10.0.1.243/32');
});

it('gives the rules page by page, each once, by instance, tag and policy', async () => {
  const { ledger } = await ledgerOf(
    Array.from({ length: 9000 }, (_, i) => ({
      cidr: i % 3 === 0 ? `2001:db8::${i.toString(16)}/128` : `10.${i >> 8}.${i & 255}.0/24`,
      tag: i % 2 === 0 ? 'even' : null,
      policy: i % 5 === 0 ? ('ignore' as const) : ('drop' as const),
    })),
  );
  await ledger.ingest('b', pieces(bodyOf([{ cidr: '192.0.2.1/32', tag: 'other' }])));
  const all = async (filter: object) => {
    const networks: string[] = [];
    let pages = 0;
    for (let from: number | null = 0; from !== null; pages++) {
      const { rules, next }: RulePage = await page(ledger, { ...filter, from });
      networks.push(...rules.map(({ network }) => network));
      from = next;
    }
    return { networks, pages };
  };
  const { networks, pages } = await all({});
  expect(networks).toHaveLength(9001);
  expect(new Set(networks).size).toBe(9001);
  expect(pages).toBe(3);
  expect((await all({ instance: 'b' })).networks).toEqual(['192.0.2.1/32']);
  expect((await all({ tag: 'even' })).networks).toHaveLength(4500);
  expect((await all({ tag: 'untagged' })).networks).toHaveLength(4500);
  expect((await all({ tag: 'even', policy: 'ignore' })).networks).toHaveLength(900);
  await expect(page(ledger, { instance: 'c' })).rejects.toThrow('no instance is called "c": there are a, b');
  await expect(page(ledger, { tag: 'evn' })).rejects.toThrow('no rule has the tag "evn"');
});
