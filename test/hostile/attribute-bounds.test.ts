import type { DataPoint, MetricProducer } from '@opentelemetry/sdk-metrics';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { ATTR, FORGOTTEN, OTHER } from '../../src/telemetry/names.ts';
import { bodyOf, ManualClock, pieces, startedLedger, type TestReport } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const DAY = 86_400_000;
const runs = Math.ceil(Number(process.env.FUZZ_RUNS ?? 4000) / 100);

async function points(producer: MetricProducer, name = 'couic.reports'): Promise<DataPoint<number>[]> {
  const { resourceMetrics } = await producer.collect();
  const metrics = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  return (metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? []) as DataPoint<number>[];
}

const sum = (of: readonly DataPoint<number>[]) => of.reduce((total, { value }) => total + value, 0);
const tagsOf = (of: readonly DataPoint<number>[]) => [...new Set(of.map(({ attributes }) => attributes[ATTR.tag]))];
const milliseconds = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1000 + nanoseconds / 1e6;
const junk = (count: number): TestReport[] =>
  Array.from({ length: count }, (_, n) => ({ tag: `junk-${n}`, cidr: `10.0.${n >> 8}.${n & 255}/32` }));

test('600 junk tags of one Couic take no place from another, after a restart neither', async () => {
  const { ledger, store } = await startedLedger();
  await ledger.ingest('noisy', pieces(bodyOf(junk(600))));
  await ledger.ingest('quiet', pieces(bodyOf([{ tag: 'first' }])));
  await ledger.stop();
  const again = await startedLedger(new MemoryStore(store.log));
  await again.ledger.ingest('quiet', pieces(bodyOf([{ tag: 'second', cidr: '2.2.2.2/32' }])));
  expect(tagsOf(await points(again.ledger.producer(['quiet'])))).toEqual(['first', 'second']);
  const noisy = await points(again.ledger.producer(['noisy']));
  expect(sum(noisy)).toBe(600);
  expect(noisy.find(({ attributes }) => attributes[ATTR.tag] === OTHER)?.value).toBe(100);
  await again.ledger.stop();
});

test('tags times kinds are bounded, what comes beyond is counted and said', async () => {
  const { ledger } = await startedLedger(undefined, undefined, { tags: 100, kinds: 100, series: 50 });
  const reports = junk(100).flatMap((report) => ['a', 'b', 'c'].map((kind) => ({ ...report, kind })));
  await ledger.ingest('couic', pieces(bodyOf(reports)));
  const series = await points(ledger.producer());
  expect(series).toHaveLength(50 + 1);
  expect(sum(series)).toBe(300);
  const [said] = await points(ledger.producer(), 'couic.attribute.overflows');
  expect(said).toMatchObject({ value: 250, attributes: { [ATTR.attribute]: 'series' } });
  // What stands for those beyond takes no place, and is not shown as one.
  const use = ledger.limits(['couic']).find(({ what }) => what === 'series');
  expect(use).toMatchObject({ used: 50, limit: 50, beyond: 250 });
  await ledger.stop();
});

test('of rules as many are held as Couic has room for; all reports count, and a removal makes room', async () => {
  const { ledger } = await startedLedger();
  const cidr = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`;
  const ignore = (n: number): TestReport => ({ policy: 'ignore', cidr: cidr(n) });
  await ledger.ingest('couic', pieces(bodyOf(Array.from({ length: 65_536 + 5 }, (_, n) => ignore(n)))));
  const held = async () => sum(await points(ledger.producer(), 'couic.rule.active'));
  expect(await held()).toBe(65_536);
  expect(sum(await points(ledger.producer()))).toBe(65_536 + 5);
  expect(sum(await points(ledger.producer(), 'couic.rule.overflows'))).toBe(5);
  // The removal of one that is not held takes nothing away; that of one that is lets the next one in.
  await ledger.ingest('couic', pieces(bodyOf([{ ...ignore(65_540), action: 'remove' }])));
  expect(await held()).toBe(65_536);
  await ledger.ingest('couic', pieces(bodyOf([{ ...ignore(0), action: 'remove' }, ignore(70_000)])));
  expect(await held()).toBe(65_536);
  // Other maps, and other Couics, have their own room.
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '10.0.0.0/32' }, { policy: 'ignore', cidr: '::1/128' }])));
  await ledger.ingest('other', pieces(bodyOf([ignore(0)])));
  expect(await held()).toBe(65_536 + 3);
  expect(sum(await points(ledger.producer(), 'couic.rule.overflows'))).toBe(5);
  await ledger.stop();
});

test('a tag without a rule that was not heard of for long gives back its place, and its counts stay in the sum', async () => {
  const { ledger, store, clock } = await startedLedger(undefined, undefined, { tags: 2, forgetAfter: 30 * DAY });
  const take = (reports: TestReport[]) => ledger.ingest('couic', pieces(bodyOf(reports)));
  await take([
    { tag: 'campaign', cidr: '1.1.1.1/32' },
    { tag: 'steady', cidr: '2.2.2.2/32' },
    { tag: 'late', cidr: '3.3.3.3/32' },
  ]);
  clock.advance(DAY);
  await take([{ action: 'remove', tag: 'campaign', cidr: '1.1.1.1/32' }]);
  clock.advance(30 * DAY - 1000);
  await ledger.forgetIdle();
  expect(tagsOf(await points(ledger.producer()))).toEqual(['campaign', 'steady', OTHER]);
  clock.advance(1000);
  await ledger.forgetIdle();
  // The rule of `steady` is still there; `late` came beyond the cap, and stays where it was counted.
  const after = await points(ledger.producer());
  expect(tagsOf(after)).toEqual(['steady', OTHER, `${FORGOTTEN}1`]);
  expect(sum(after)).toBe(4);
  expect(after.find(({ attributes }) => attributes[ATTR.tag] === OTHER)?.value).toBe(1);
  expect(after.at(-1)!.startTime).toEqual([0, 0]);

  await take([{ tag: 'late', cidr: '4.4.4.4/32' }]);
  await take([{ tag: 'campaign', cidr: '5.5.5.5/32' }]);
  const late = (await points(ledger.producer())).find(({ attributes }) => attributes[ATTR.tag] === 'late')!;
  expect([late.value, milliseconds(late.startTime)]).toEqual([1, clock.now() - 1]);
  await take([{ action: 'remove', tag: 'late', cidr: '4.4.4.4/32' }]);
  clock.advance(31 * DAY);
  await ledger.forgetIdle();
  await take([{ tag: 'campaign', cidr: '6.6.6.6/32' }]);
  const again = (await points(ledger.producer())).find(({ attributes }) => attributes[ATTR.tag] === 'campaign')!;
  expect([again.value, milliseconds(again.startTime)]).toEqual([1, clock.now() - 1]);
  await ledger.stop();

  // A replay forgets the same at the same point, from a snapshot as well.
  const fold = new LedgerFold();
  for (const [i, entry] of store.log.entries()) {
    fold.apply(entry);
    if (i !== 5) continue;
    const restored = new LedgerFold();
    restored.restore(Array.from(fold.snapshot(), (piece) => Uint8Array.from(piece)));
    for (const rest of store.log.slice(i + 1)) restored.apply(rest);
    expect(await points(new LedgerProducer(restored.state, '0', null, () => 0))).toEqual(
      await points(new LedgerProducer(ledgerOf(store), '0', null, () => 0)),
    );
  }
});

function ledgerOf(store: MemoryStore) {
  const fold = new LedgerFold();
  for (const entry of store.log) fold.apply(entry);
  return fold.state;
}

test('nothing is forgotten when an exporter could not take the last of it', async () => {
  const { ledger, clock } = await startedLedger(undefined, undefined, { forgetAfter: DAY });
  await ledger.ingest('couic', pieces(bodyOf([{ action: 'remove', tag: 'gone' }])));
  let full = true;
  ledger.beforeForgetting(() => (full ? Promise.reject(new Error('disk full')) : Promise.resolve()));
  clock.advance(2 * DAY);
  await ledger.forgetIdle();
  expect(tagsOf(await points(ledger.producer()))).toEqual(['gone']);
  full = false;
  await ledger.forgetIdle();
  expect(tagsOf(await points(ledger.producer()))).toEqual([`${FORGOTTEN}1`]);
  await ledger.stop();
});

/** A reader of deltas, as a Collector's `cumulativetodelta` is one: what it adds up is what was counted since it began. */
class DeltaReader {
  total = 0;
  readonly #began: number;
  readonly #last = new Map<string, { value: number; start: number }>();

  constructor(began: number) {
    this.#began = began;
  }

  read(series: readonly DataPoint<number>[]): void {
    for (const { attributes, value, startTime } of series) {
      const key = JSON.stringify(attributes);
      const start = milliseconds(startTime);
      const last = this.#last.get(key);
      if (last !== undefined && last.start === start) this.total += value - last.value;
      else if (start > this.#began) this.total += value;
      this.#last.set(key, { value, start });
    }
  }
}

const report = fc.record<TestReport>({
  action: fc.constantFrom('add', 'add', 'remove'),
  policy: fc.constantFrom('drop', 'ignore'),
  cidr: fc.integer({ min: 1, max: 9 }).map((n) => `10.0.0.${n}/32`),
  tag: fc.constantFrom(null, 'a', 'b', 'c', 'd', 'e'),
  kind: fc.constantFrom(null, 'x', 'y', 'z'),
});
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ reports: fc.array(report, { minLength: 1, maxLength: 6 }) }) },
  { weight: 2, arbitrary: fc.record({ days: fc.integer({ min: 1, max: 40 }) }) },
);

test('whatever is capped and forgotten: the sum of all series is what was accepted, and so is the sum of all changes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
      const clock = new ManualClock();
      const limits = { tags: 2, kinds: 2, series: 5, forgetAfter: 30 * DAY };
      const { ledger, store } = await startedLedger(new MemoryStore(), clock, limits);
      const reader = new DeltaReader(clock.now() - 10);
      let accepted = 0;
      for (const each of steps) {
        if ('days' in each) {
          clock.advance(each.days * DAY);
          await ledger.forgetIdle();
        } else {
          clock.advance(1000);
          accepted += (await ledger.ingest('couic', pieces(bodyOf(each.reports)))).accepted;
        }
        const series = await points(ledger.producer());
        expect(sum(series)).toBe(accepted);
        // The cap, and one series each for what a report says of action, policy and family, capped and forgotten.
        expect(series.length).toBeLessThanOrEqual(5 + 8 + 8);
        expect(new Set(series.map(({ attributes }) => JSON.stringify(attributes))).size).toBe(series.length);
        reader.read(series);
        expect(reader.total).toBe(accepted);
      }
      const live = await points(ledger.producer());
      await ledger.stop();
      const replayed = await points(new LedgerProducer(ledgerOf(store), '0', null, () => clock.now()));
      expect(replayed).toEqual(live);
    }),
    { numRuns: runs },
  );
});
