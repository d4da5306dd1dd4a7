import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { CumulativeToDelta } from '../support/cumulative-to-delta.ts';
import { bodyOf, collect, ManualClock, pieces, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const MINUTE = 60_000;
const YEAR = 365 * 86_400_000;

const lastReport = async (producer: MetricProducer) =>
  (await collect(producer))['couic.instance.last_report_timestamp']![''];

/** A ledger whose first start, with one report, was with a clock that was a year ahead. */
async function startedAhead() {
  const clock = new ManualClock();
  clock.wall += YEAR;
  const first = await startedLedger(new MemoryStore(), clock);
  const creation = Math.floor(clock.now() / 1000);
  await first.ledger.ingest(
    'couic',
    pieces(bodyOf([{ creation }, { action: 'remove', cidr: '9.9.9.9/32', creation }])),
  );
  await first.ledger.stop();
  clock.wall -= YEAR;
  return { store: first.store, clock };
}

// Seen: a start with a clock that was a year ahead silenced CouicNoReports for a year, though the clock was right again.
test('the time of the last report is not in the future once the clock is right again, though no report comes', async () => {
  const { store, clock } = await startedAhead();
  const { ledger } = await startedLedger(new MemoryStore(store.log), clock);
  expect(await lastReport(ledger.producer())).toBe(clock.now() / 1000);
  clock.advance(MINUTE);
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '5.5.5.5/32' }])));
  expect(await lastReport(ledger.producer())).toBe(clock.now() / 1000);
  await ledger.stop();
});

test('it is the clock of the newest record, also where that is a few seconds before the one before', async () => {
  const { ledger, clock } = await startedLedger();
  await ledger.ingest('couic', pieces(bodyOf([{}])));
  clock.wall -= 5000;
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '5.5.5.5/32' }])));
  expect(await lastReport(ledger.producer())).toBe(clock.now() / 1000);
  await ledger.stop();
});

test('a series that began by a clock that was ahead is history for each reader of deltas that begins later', async () => {
  const { store, clock } = await startedAhead();
  const { ledger } = await startedLedger(new MemoryStore(store.log), clock);
  for (let day = 0; day < 3; day++) {
    const collector = new CumulativeToDelta(clock.now());
    clock.advance(MINUTE);
    await collector.read(ledger.producer());
    await ledger.ingest('couic', pieces(bodyOf([{ cidr: `10.0.0.${day}/32` }])));
    await collector.read(ledger.producer());
    expect(collector.totals).toMatchObject({
      'couic.reports': 1,
      'couic.report.lag': 1,
      'couic.rule.prefix_length': 1,
    });
  }
  await ledger.stop();
});

test('no series begins in the future', async () => {
  const { store, clock } = await startedAhead();
  const { ledger } = await startedLedger(new MemoryStore(store.log), clock);
  const { resourceMetrics } = await ledger.producer().collect();
  const ahead: number[] = [];
  for (const { dataPoints } of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    for (const { startTime, endTime } of dataPoints) ahead.push(startTime[0] - endTime[0]);
  }
  expect(ahead.length).toBeGreaterThan(5);
  expect(Math.max(...ahead)).toBeLessThanOrEqual(0);
  await ledger.stop();
});

test('a removal waits for its add no longer than a minute, though it was written down by a clock that was ahead', async () => {
  const { store, clock } = await startedAhead();
  const { ledger } = await startedLedger(new MemoryStore(store.log), clock);
  const creation = Math.floor((clock.now() + YEAR) / 1000);
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '9.9.9.9/32', creation }])));
  expect((await collect(ledger.producer()))['couic.rule.active']).toEqual({ 'drop scanner ipv4': 2 });
  await ledger.stop();
});

test('a replay, and one from a snapshot taken anywhere, comes to the same', async () => {
  const { store, clock } = await startedAhead();
  const { ledger, store: live } = await startedLedger(new MemoryStore(store.log), clock);
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '5.5.5.5/32', tag: 'other' }])));
  const at = clock.now();
  const all = async (producer: MetricProducer) => (await producer.collect()).resourceMetrics.scopeMetrics;
  const expected = await all(ledger.producer());
  await ledger.stop();
  for (let cut = 0; cut <= live.log.length; cut++) {
    const before = new LedgerFold();
    for (const entry of live.log.slice(0, cut)) before.apply(entry);
    const after = new LedgerFold();
    after.restore(Array.from(before.snapshot(), (piece) => new Uint8Array(piece)));
    for (const entry of live.log.slice(cut)) after.apply(entry);
    expect(await all(new LedgerProducer(after.state, '0.0.0', null, () => at))).toEqual(expected);
  }
});
