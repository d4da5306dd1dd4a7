import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { parseAddress } from '../../src/report/cidr.ts';
import { type Explanation, RULE_OPERATIONS, type RulePage, type ShownRule } from '../../src/service/admin/rules.ts';
import { bodyOf, collectWhole, ManualClock, pieces, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { CountingModel } from './counting-model.ts';

const NOW = 1_704_067_300;
const CAPS = { tags: 3, kinds: 2 };

const NETWORKS = [
  ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '10.0.1.0/24', '192.0.2.128/25'],
  ...['::/0', '2001:db8::/32', '2001:db8::1/128', '2001:db8:0:1::/64', '2001:db8:0:1::2/128'],
];

const report = fc
  .record({
    action: fc.constantFrom<'add' | 'remove'>('add', 'add', 'remove'),
    policy: fc.constantFrom<'drop' | 'ignore'>('drop', 'ignore'),
    cidr: fc.constantFrom(...NETWORKS),
    tag: fc.constantFrom(null, null, 'a', 'b', 'c', 'd', '_OTHER'),
    creation: fc.integer({ min: NOW - 3, max: NOW + 3 }),
    lasts: fc.constantFrom(0, 0, 1, 20, 90, 1000, 100_000),
    kind: fc.constantFrom(null, 'x', 'y', 'z'),
  })
  .map(({ lasts, ...rest }) => ({ ...rest, expiration: lasts === 0 ? 0 : rest.creation + lasts }));

const step = fc.record({
  instance: fc.constantFrom('paris', 'lyon'),
  reports: fc.array(report, { maxLength: 50 }),
  /** Eighths of a second: sums of them are exact in whatever order. */
  advance: fc.oneof(fc.nat({ max: 700 }), fc.constantFrom(8 * 60, 8 * 700, 8 * 90_000)),
  restart: fc.boolean(),
});

/** Which no other report is about: a body that begins with it is no retry of another. */
const unique = (n: number): Required<TestReport> => ({
  ...{ action: n % 2 === 0 ? 'remove' : 'add', policy: 'ignore', tag: null, kind: null, expiration: 0 },
  ...{ cidr: `172.16.0.${n}/32`, creation: NOW },
});

test('what is counted and held is what a few maps would count and hold, over restarts and snapshots', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const clock = new ManualClock();
      const begin = clock.now();
      const model = new CountingModel(CAPS);
      let { ledger, store } = await startedLedger(new MemoryStore(), clock, CAPS);
      // Of one whose API alone has told something there is nothing to show.
      const nothing = new Map();
      await ledger.recordTraffic('silent', { xdp: nothing, drop: nothing, ignore: nothing });
      for (const [n, { instance, reports, advance, restart }] of steps.entries()) {
        clock.advance(advance * 125);
        const all = [unique(n), ...reports];
        await ledger.ingest(instance, pieces(bodyOf(all)));
        model.take(instance, all, clock.now());
        if (restart) {
          await ledger.stop();
          ({ ledger, store } = await startedLedger(new MemoryStore(store.log), clock, CAPS));
        } else await ledger.expireDue();
        model.expire(clock.now());

        const {
          'couic.rule.active': active = {},
          'couic.instance.last_report_timestamp': lastReports,
          'couic.rule.limit': limits,
          ...counted
        } = await collectWhole(ledger.producer());
        expect(counted).toEqual(model.counted);
        expect(values(active)).toEqual(model.active);
        for (const { start } of Object.values(active)) expect(start).toBe(begin);
        expect(values(lastReports!)).toEqual(model.lastReports);
        expect(Object.keys(limits!)).toHaveLength(4 * (Object.keys(lastReports!).length + 1));
        const { rules } = (await ledger.operations[RULE_OPERATIONS.list]!({})) as RulePage;
        expect(new Set(rules)).toEqual(new Set(model.shown));
        for (const use of ledger.limits([instance])) {
          const attribute = use.what === 'tags' ? 'tag' : use.what === 'kinds' ? 'kind' : undefined;
          if (attribute !== undefined) expect(use.used).toBe(model.used(instance, attribute));
          const [policy, , family] = use.what.split(' ');
          const held = model.shown.filter((rule) => rule.instance === instance && rule.policy === policy);
          if (family !== undefined) expect(use.used).toBe(held.filter((rule) => familyOf(rule) === family).length);
        }
      }
      for (const network of [...NETWORKS, '10.0.0.2', '2001:db8::2']) {
        const { instances, history } = (await ledger.operations[RULE_OPERATIONS.explain]!({ network })) as Explanation;
        for (const { instance, verdict, rules, inside } of instances) {
          const own = model.shown.filter((rule) => rule.instance === instance);
          const around = own.filter((rule) => holds(rule.network, network)).sort(asCouicAsks);
          const within = own.filter((rule) => rule.network !== network && holds(network, rule.network));
          expect(rules).toEqual(around);
          expect(new Set(inside.shown)).toEqual(new Set(within));
          const ignored = within.filter(({ policy }) => policy === 'ignore').length;
          expect(inside).toMatchObject({ drop: within.length - ignored, ignore: ignored });
          expect(verdict).toBe(around[0]?.policy ?? (within.length > 0 ? 'partly' : 'none'));
        }
        const past = model.events.filter((event) => holds(network, event.network) || holds(event.network, network));
        expect(
          history.events.map(({ time, what, instance, network, tag }) => ({ time, what, instance, network, tag })),
        ).toEqual(past.slice(-100));
        expect(history.truncated).toBe(past.length > 100);
      }
      await ledger.stop();

      const [live, restored] = [new LedgerFold(), new LedgerFold()];
      for (const entry of store.log) live.apply(entry);
      restored.restore(live.snapshot());
      const [was, is] = [live, restored].map(({ state }) =>
        collectWhole(new LedgerProducer(state, '', null, clock.now)),
      );
      expect(await is).toEqual(await was);
    }),
    { numRuns: 60 },
  );
});

const bitsOf = (network: string): string => {
  const { ipv6, prefix, words } = parseAddress(network)!;
  const all = words.map((word) => (word >>> 0).toString(2).padStart(32, '0')).join('');
  return `${ipv6 ? 6 : 4} ${all.slice(0, prefix)}`;
};

/** Whether a network is another or has it in it. */
function holds(outer: string, inner: string): boolean {
  return bitsOf(inner).startsWith(bitsOf(outer));
}

function familyOf({ network }: Pick<ShownRule, 'network'>): string {
  return network.includes(':') ? 'ipv6' : 'ipv4';
}

/** Rules to ignore first, then the longest prefix. */
function asCouicAsks(a: ShownRule, b: ShownRule): number {
  const byPolicy = Number(b.policy === 'ignore') - Number(a.policy === 'ignore');
  return byPolicy || bitsOf(b.network).length - bitsOf(a.network).length;
}

function values(series: Readonly<Record<string, { value: unknown }>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(series).map(([key, { value }]) => [key, value]));
}
