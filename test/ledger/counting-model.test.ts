import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { RULE_OPERATIONS, type RulePage } from '../../src/service/admin/rules.ts';
import { bodyOf, collectWhole, ManualClock, pieces, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { CountingModel } from './counting-model.ts';

const NOW = 1_704_067_300;
const CAPS = { tags: 3, kinds: 2 };

const report = fc
  .record({
    action: fc.constantFrom<'add' | 'remove'>('add', 'add', 'remove'),
    policy: fc.constantFrom<'drop' | 'ignore'>('drop', 'ignore'),
    cidr: fc.constantFrom(
      ...['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/24', '10.0.0.1/32', '10.0.1.0/24', '192.0.2.128/25'],
      ...['::/0', '2001:db8::/32', '2001:db8::1/128', '2001:db8:0:1::/64', '2001:db8:0:1::2/128'],
    ),
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
  ...{ action: 'add', policy: 'ignore', tag: null, kind: null, expiration: 0 },
  ...{ cidr: `172.16.0.${n}/32`, creation: NOW },
});

test('what is counted and held is what a few maps would count and hold, over restarts and snapshots', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const clock = new ManualClock();
      const begin = clock.now();
      const model = new CountingModel(CAPS);
      let { ledger, store } = await startedLedger(new MemoryStore(), clock, CAPS);
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
        expect(Object.keys(limits!)).toHaveLength(4 * Object.keys(lastReports!).length);
        const { rules } = (await ledger.operations[RULE_OPERATIONS.list]!({})) as RulePage;
        expect(new Set(rules)).toEqual(new Set(model.shown));
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

function values(series: Readonly<Record<string, { value: unknown }>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(series).map(([key, { value }]) => [key, value]));
}
