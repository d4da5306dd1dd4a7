import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { HistogramValue } from '../../../src/ledger/series/observation.ts';
import {
  decodeNumbers,
  decodePoints,
  encodeNumbers,
  kindOf,
  PointsRecord,
  SERIES_RECORD,
} from '../../../src/ledger/series/records.ts';
import { SeriesTable } from '../../../src/ledger/series/series-table.ts';
import { restoreTable, snapshotTable } from '../../../src/ledger/series/snapshot.ts';
import { streamOf } from './harness.ts';

const seconds = fc.integer({ min: 0, max: 3 }).map((n) => n * 1e9);
const histogram: fc.Arbitrary<HistogramValue> = fc.record({
  bounds: fc.constantFrom([], [1], [1, 2.5]),
  counts: fc.constantFrom([3], [3, 4]),
  count: fc.nat({ max: 100 }),
  sum: fc.constantFrom(undefined, 0, 7.25),
});
const point = fc.record({
  /** Below ten: in the table. */
  series: fc.nat({ max: 15 }),
  stream: fc.constantFrom<number | 'a' | 'b'>(3, 'a', 'b'),
  temporality: fc.constantFrom<'delta' | 'cumulative'>('delta', 'cumulative'),
  start: seconds,
  time: seconds,
  value: fc.oneof(fc.constantFrom(0, 1.5, -2, 2 ** 60), fc.constant<'ended'>('ended'), histogram),
});

/** As a log may hand it over: at any address. */
function moved(record: Uint8Array): Uint8Array {
  const at = new Uint8Array(record.length + 3);
  at.set(record, 3);
  return at.subarray(3);
}

test('points are read as they were written: what is new with what it is, intervals, and histograms', () => {
  const infos = { a: streamOf('counter', 'a'), b: streamOf('histogram', 'b') };
  fc.assert(
    fc.property(fc.array(point, { maxLength: 60 }), (points) => {
      const record = new PointsRecord(32 * 1024);
      const expected = points.map(({ series, stream, temporality, start, time, value }) => {
        const times = { start, time };
        if (series < 10) record.add(series, temporality, times, value);
        else {
          const key = `${stream} ${series}`;
          const known = record.introducedNumber(key);
          const number = record.introduce(typeof stream === 'number' ? stream : infos[stream], { n: series }, key);
          if (known !== undefined) expect(number).toBe(known);
          record.add(number, temporality, times, value);
        }
        const what = typeof stream === 'number' ? stream : infos[stream];
        const introduced = series < 10 ? undefined : { stream: what, attributes: { n: series } };
        return { series: series < 10 ? series : -1, introduced, temporality, start, time, value };
      });
      expect(record.points).toBe(points.length);
      const fresh = points.filter(({ series }) => series >= 10).map(({ stream, series }) => `${stream} ${series}`);
      expect(record.introduced).toBe(new Set(fresh).size);
      const encoded = moved(record.encode());
      expect(kindOf(encoded)).toBe(SERIES_RECORD.points);
      expect([...decodePoints(encoded)]).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('a record is full when it has as many bytes as were asked for, whatever they are of', () => {
  const fill = (add: (record: PointsRecord, n: number) => void) => {
    const record = new PointsRecord(32 * 1024);
    for (let n = 0; !record.isFull; n++) add(record, n);
    return record.encode().length;
  };
  const lengths = [
    fill((record, n) => record.add(n, 'delta', { start: 1, time: 2 }, n)),
    fill((record, n) => record.add(1, 'delta', { start: n, time: n + 1 }, n)),
    fill((record, n) => {
      const value = { bounds: Array(50).fill(1e9), counts: Array(51).fill(1e9), count: n, sum: n };
      record.add(1, 'cumulative', { start: 1, time: 2 }, value);
    }),
    fill((record, n) => {
      const info = streamOf('counter', `host-${n}`);
      record.add(record.introduce(info, { n }, `${n}`.padEnd(100, '.')), 'cumulative', { start: 1, time: 2 }, n);
    }),
  ];
  for (const length of lengths) {
    expect(length).toBeGreaterThan(16 * 1024);
    expect(length).toBeLessThan(48 * 1024);
  }
  expect(lengths[0]).toBeLessThan(33 * 1024);
});

test('numbers of series that are over are read as they were written', () => {
  for (const kind of ['ended', 'forgotten'] as const) {
    const record = moved(encodeNumbers(kind, [0, 7, 2 ** 32 - 1]));
    expect(kindOf(record)).toBe(SERIES_RECORD[kind]);
    expect(decodeNumbers(record)).toEqual([0, 7, 2 ** 32 - 1]);
  }
});

test('a table comes back from its pieces, which are small, as it was, and gives the same numbers again', () => {
  const table = new SeriesTable();
  const calls = table.stream(streamOf('counter'));
  const MANY = 70_000;
  for (let n = 0; n < MANY; n++) {
    const series = table.series(calls, { n });
    table.setTotal(series, n + 0.5);
    if (n % 3 === 0) table.setBegin(series, n);
    if (n % 5 === 0) table.setEnded(series, n + 1);
    if (n % 7 !== 0) continue;
    const current = { start: n, first: n + 1, time: n + 2, value: n + 3 };
    const previous = n % 2 === 0 ? { ...current, value: 1 } : undefined;
    table.setCount(series, {
      mode: n % 4 === 0 ? 'delta' : 'cumulative',
      current,
      previous,
      gaps: n % 3 ? [] : [[n, n + 1]],
    });
  }
  const times = table.series(table.stream(streamOf('histogram', 'b', 'é€')), { é: '€' });
  const value = { bounds: [1], counts: [1, 2], count: 3, sum: 4 };
  table.setHistogram(times, { total: value, last: { ...value, count: 5 } });
  for (const number of [5, 100, 69_999]) table.forget(number);
  table.forget(5);

  const saved = table.save();
  const pieces = Array.from(snapshotTable(saved), (piece) => new Uint8Array(piece));
  expect(pieces.length).toBeGreaterThan(8);
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThanOrEqual(512 * 1024 + 2);
  const restored = new SeriesTable();
  restoreTable(restored, pieces);
  expect([restored.size, restored.rows]).toEqual([MANY - 2, MANY + 1]);
  const all = (of: SeriesTable) =>
    Array.from({ length: MANY + 1 }, (_, n) => [
      ...[of.has(n), of.totalOf(n), of.beginOf(n), of.endedAt(n), of.countOf(n), of.histogramOf(n)],
      of.has(n) ? [of.attributesOf(n), of.streamOf(n).info.name] : null,
    ]);
  const were = all(table);
  expect(all(restored).filter((each, n) => JSON.stringify(each) !== JSON.stringify(were[n]))).toEqual([]);
  for (const of of [table, restored])
    expect(['x', 'y', 'z', 'w'].map((name) => of.series(calls, { name }))).toEqual([69_999, 100, 5, MANY + 1]);
});
