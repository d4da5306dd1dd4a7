import { expect, test } from 'vitest';
import { CumulativeToDelta } from '../support/cumulative-to-delta.ts';
import { bodyOf, ManualClock, pieces, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const HOUR = 3_600_000;

/** A minute's reports of one tag, each another rule that ends after ten minutes. */
function reports(tag: string, count: number, clock: ManualClock) {
  const creation = Math.floor(clock.now() / 1000);
  return bodyOf(
    Array.from({ length: count }, (_, n) => ({
      tag,
      cidr: `10.0.${creation % 250}.${n}/32`,
      creation,
      expiration: creation + 600,
    })),
  );
}

/*
 * Seen: behind a Collector with cumulativetodelta that was restarted, 2 of 42 reports of a new tag arrived, since every
 * series began when the store did, which was before the Collector.
 */
test('behind a Collector that was restarted, all reports of a new tag arrive, and none of an old one twice', async () => {
  const { ledger, clock } = await startedLedger();
  await ledger.ingest('couic', pieces(reports('old', 7, clock)));
  clock.advance(HOUR);
  const collector = new CumulativeToDelta(clock.now());
  await collector.read(ledger.producer());
  expect(collector.totals).toEqual({});

  clock.advance(10_000);
  await ledger.ingest('couic', pieces(reports('new', 40, clock)));
  await collector.read(ledger.producer());
  await ledger.ingest('couic', pieces(reports('old', 3, clock)));
  clock.advance(60_000);
  await ledger.ingest('couic', pieces(reports('new', 2, clock)));
  await collector.read(ledger.producer());
  expect(collector.totals['couic.reports']).toBe(45);
  await ledger.stop();
});

test('each series that is counted begins when it first was, over a restart too', async () => {
  const { ledger, store, clock } = await startedLedger(new MemoryStore(), new ManualClock(), { tags: 2, kinds: 1 });
  clock.advance(HOUR);
  const collector = new CumulativeToDelta(clock.now());
  clock.advance(1000);
  // Collected in the very millisecond in which it was counted.
  await ledger.ingest('couic', pieces(reports('a', 5, clock)));
  await ledger.ingest('couic', pieces(bodyOf([{ kind: 'x' }, { tag: 'c', kind: 'y', cidr: '2001:db8::/32' }])));
  const counter = (packets: number) =>
    new Map([['XDP_DROP', { packets: BigInt(packets), bytes: 60n * BigInt(packets) }]]);
  await ledger.recordTraffic('couic', { xdp: counter(100), drop: new Map(), ignore: new Map() });
  await collector.read(ledger.producer());
  await ledger.stop();

  clock.advance(HOUR);
  const again = await startedLedger(new MemoryStore(store.log), clock, { tags: 2, kinds: 1 });
  await again.ledger.recordTraffic('couic', { xdp: counter(130), drop: new Map(), ignore: new Map() });
  await collector.read(again.ledger.producer());
  const expected = {
    'couic.reports': 7,
    'couic.report.lag': 7,
    'couic.rule.prefix_length': 7,
    'couic.attribute.overflows': 2,
    'couic.rule.expirations': 5,
    'couic.rule.lifetime': 5,
    'couic.network.packets': 30,
    'couic.network.io': 1800,
  };
  expect(collector.totals).toEqual(expected);

  // A Collector that begins now takes all of it for history.
  clock.advance(1000);
  const later = new CumulativeToDelta(clock.now());
  await later.read(again.ledger.producer());
  expect(later.totals).toEqual({});
  await again.ledger.stop();
});
