import { type CountState, count, level } from './counting.ts';
import type { HistogramValue, Observation, SeriesKind } from './observation.ts';
import type { HistogramState, SeriesNumber, SeriesTable } from './series-table.ts';

type Point = Omit<Observation, 'attributes'>;

/** Whether a point of a series that is in the table tells anything. */
export function isNews(table: SeriesTable, series: SeriesNumber, point: Point): boolean {
  if (table.endedAt(series) !== 0) return point.value !== 'ended';
  if (point.value === 'ended') return true;
  const { kind } = table.streamOf(series).info;
  const state = table.countOf(series);
  const value = scalarOf(point.value);
  if (hasOtherBuckets(table, series, point)) return isLater(state, point);
  return isLevel(kind, point)
    ? level(state, point, value) !== undefined
    : count(state, point.temporality, point, value) !== undefined;
}

/** Takes a point into the table. @param now - when it was written down, ms since the epoch. */
export function applyPoint(table: SeriesTable, series: SeriesNumber, point: Point, now: number): void {
  if (point.value === 'ended') {
    if (table.endedAt(series) === 0) table.setEnded(series, now);
    return;
  }
  table.setEnded(series, 0);
  const { kind } = table.streamOf(series).info;
  const state = table.countOf(series);
  if (table.beginOf(series) === 0) table.setBegin(series, beginOf(point, now));
  if (isLevel(kind, point)) {
    const next = level(state, point, scalarOf(point.value));
    if (!next) return;
    table.setCount(series, next);
    table.setTotal(series, next.current.value);
    return;
  }
  const isOther = hasOtherBuckets(table, series, point);
  if (isOther && !isLater(state, point)) return;
  const counted = count(isOther ? undefined : state, point.temporality, point, scalarOf(point.value));
  if (!counted) return;
  table.setCount(series, counted.next);
  // Buckets of other bounds cannot be added up: what these count begins now.
  if (isOther) table.setBegin(series, now);
  table.setTotal(series, isOther ? counted.by : table.totalOf(series) + counted.by);
  if (typeof point.value !== 'object') return;
  const before = isOther ? undefined : table.histogramOf(series);
  table.setHistogram(series, grown(before, point.value, counted.adds, counted.next.mode));
}

function hasOtherBuckets(table: SeriesTable, series: SeriesNumber, { value }: Point): boolean {
  const before = typeof value === 'object' ? table.histogramOf(series)?.total : undefined;
  return before !== undefined && typeof value === 'object' && !isAlike(before, value);
}

function isLater(state: CountState | undefined, { time }: Point): boolean {
  return state === undefined || time === 0 || time > state.current.time;
}

/** Levels are told by their last value; those that are given as differences are added up like counts. */
function isLevel(kind: SeriesKind, { temporality }: Point): boolean {
  return kind === 'gauge' || (kind === 'updowncounter' && temporality === 'cumulative');
}

function scalarOf(value: number | HistogramValue): number {
  return typeof value === 'number' ? value : value.count;
}

/** Since when a total counts, ms since the epoch. */
function beginOf({ start, time }: Point, now: number): number {
  const nanoseconds = start !== 0 ? start : time;
  return nanoseconds === 0 ? now : Math.min(nanoseconds / 1e6, now);
}

function grown(
  before: HistogramState | undefined,
  value: HistogramValue,
  adds: 'rise' | 'whole' | 'late' | 'none',
  mode: CountState['mode'],
): HistogramState {
  if (!before) return { total: value, last: value };
  // What buckets a late point adds to is not known: they were told with what came after it.
  if (adds === 'late') return before;
  const { total, last } = before;
  if (adds === 'none') return { total, last: value };
  const base = mode === 'cumulative' && adds === 'rise' ? last : undefined;
  return { total: sumOf(total, value, base), last: value };
}

function sumOf(total: HistogramValue, value: HistogramValue, base: HistogramValue | undefined): HistogramValue {
  return {
    bounds: total.bounds,
    counts: total.counts.map((count, index) => count + value.counts[index]! - (base?.counts[index] ?? 0)),
    count: total.count + value.count - (base?.count ?? 0),
    sum: total.sum === undefined || value.sum === undefined ? undefined : total.sum + value.sum - (base?.sum ?? 0),
  };
}

function isAlike(a: HistogramValue, b: HistogramValue): boolean {
  return a.bounds.length === b.bounds.length && a.bounds.every((bound, index) => bound === b.bounds[index]);
}
