import type { PointTimes, Temporality } from './observation.ts';

/** What a source has told in one run of it, or since its counter last fell: values that only rise. */
export interface Sequence {
  /** As the source says, nanoseconds; 0 = it did not. */
  readonly start: number;
  /** Of its first point, and of its last one. */
  readonly first: number;
  readonly time: number;
  /** Of its last point. */
  readonly value: number;
}

/** An interval of which nothing has come yet, between others of which something has. */
type Gap = readonly [from: number, to: number];

/** Where the counting of one series stands. */
export interface CountState {
  readonly mode: Temporality;
  /** What the source told last. Of deltas: `first` to `time` is what has come, but for gaps; the value means nothing. */
  readonly current: Sequence;
  /** Before that, for points that come late. */
  readonly previous: Sequence | undefined;
  readonly gaps: readonly Gap[];
}

/** What a point changes. */
interface Counted {
  /**
   * `rise`: `by` more than before. `whole`: all that the point says, since its source began anew. `late`: as `rise`, of a
   * sequence before. `none`: nothing, and what comes next is compared with it.
   */
  readonly adds: 'rise' | 'whole' | 'late' | 'none';
  readonly by: number;
  readonly next: CountState;
}

/** Gaps that are kept of a series; of more, the oldest is taken for told. */
const MOST_GAPS = 4;
const NO_GAPS: readonly Gap[] = [];

/**
 * Where a level stands: what was measured last.
 * @returns undefined when the point changes nothing.
 */
export function level(
  state: CountState | undefined,
  { start, time }: PointTimes,
  value: number,
): CountState | undefined {
  const last = state?.current;
  if (last && (last.value === value || (time !== 0 && time < last.time))) return undefined;
  return { mode: 'cumulative', current: { start, first: time, time, value }, previous: undefined, gaps: NO_GAPS };
}

/**
 * What a point of a counter adds to what its series had, so that nothing is counted twice or left out: when its source began
 * anew (another start, or a value that fell), when the point was here before, and when it comes late.
 * @param state - undefined: the first point of the series.
 * @returns undefined when the point changes nothing.
 * @see https://opentelemetry.io/docs/specs/otel/metrics/data-model/#resets-and-gaps
 */
export function count(
  state: CountState | undefined,
  mode: Temporality,
  { start, time }: PointTimes,
  value: number,
): Counted | undefined {
  if (mode === 'delta') return countDelta(state, start, time, value);
  if (state === undefined) return begins(undefined, { start, first: time, time, value });
  if (state.mode === 'delta') return afterDeltas(state, start, time, value);
  const { current } = state;
  if (start < current.start && start !== 0) return older(state, start, time, value);
  // Who does not say when it began, or says so from now on, is judged by its values.
  const isSame = start === current.start || start === 0 || (current.start === 0 && start <= current.first);
  if (isSame) return goesOn(state, start, time, value);
  // Of no length: whoever watches the source began to, and does not know since when the source counts.
  if (start === time && value >= current.value) {
    const next = { start, first: time, time, value };
    return { adds: 'rise', by: value - current.value, next: { ...state, current: next } };
  }
  return begins(state, { start, first: time, time, value });
}

/** The source's sequence begins with this point: all that it says is new. */
function begins(state: CountState | undefined, current: Sequence): Counted {
  const next: CountState = { mode: 'cumulative', current, previous: state?.current, gaps: NO_GAPS };
  return { adds: 'whole', by: current.value, next };
}

function goesOn(state: CountState, start: number, time: number, value: number): Counted | undefined {
  const { current } = state;
  const hasTime = time !== 0 && current.time !== 0;
  if (hasTime && time < current.time) return start === 0 || current.start === 0 ? late(state, time, value) : undefined;
  if (value >= current.value) {
    // Nothing was counted meanwhile; that the time went on need not be known.
    if (value === current.value && start === current.start) return undefined;
    const next = { start, first: current.first, time: Math.max(time, current.time), value };
    const by = value - current.value;
    return { adds: by > 0 ? 'rise' : 'none', by, next: { ...state, current: next } };
  }
  // It fell: that is a new beginning, unless the point may just as well be an old one.
  if (hasTime && time === current.time) return undefined;
  if (!hasTime && start !== 0 && start === current.start) return undefined;
  return begins(state, { start, first: time, time, value });
}

/** A point from before the last one of the sequence: of this one nothing can be new, of the one before something can. */
function late(state: CountState, time: number, value: number): Counted | undefined {
  const { current, previous } = state;
  if (!previous || time >= current.first) return undefined;
  return lateOf(state, previous, time, value);
}

function lateOf(state: CountState, previous: Sequence, time: number, value: number): Counted | undefined {
  if (time <= previous.time || value <= previous.value) return undefined;
  const by = value - previous.value;
  return { adds: 'late', by, next: { ...state, previous: { ...previous, time, value } } };
}

/** A point of a sequence that began before the current one. */
function older(state: CountState, start: number, time: number, value: number): Counted | undefined {
  const { current, previous } = state;
  if (previous && (start === previous.start || previous.start === 0)) return lateOf(state, previous, time, value);
  // Of one that has not told anything yet, or so it seems: where nobody knows when the current one began, it holds that.
  if ((previous && start < previous.start) || current.start === current.first) return undefined;
  const missed = { start, first: time, time, value };
  return { adds: 'late', by: value, next: { ...state, previous: missed } };
}

/** A source that told differences tells totals now: of one that goes on, these hold what was told. */
function afterDeltas(state: CountState, start: number, time: number, value: number): Counted {
  const current = { start, first: time, time, value };
  if (start !== 0 && start >= state.current.time) return begins(undefined, current);
  return { adds: 'none', by: 0, next: { mode: 'cumulative', current, previous: undefined, gaps: NO_GAPS } };
}

function countDelta(state: CountState | undefined, start: number, time: number, value: number): Counted | undefined {
  // What told totals has told all since its start.
  const known = state?.mode === 'cumulative' ? { ...state.current, first: state.current.start } : state?.current;
  if (known !== undefined && value === 0) return undefined;
  // Nobody can tell such a point from one that is sent again.
  const isOpen = start === 0 || time === 0 || start >= time;
  if (known === undefined || isOpen) {
    const current = known ?? { start: 0, first: isOpen ? time : start, time, value: 0 };
    const next: CountState = { mode: 'delta', current, previous: undefined, gaps: state?.gaps ?? NO_GAPS };
    return { adds: 'rise', by: value, next };
  }
  const gaps = state?.gaps ?? NO_GAPS;
  const grown = cover(gaps, known, start, time);
  if (grown === undefined) return undefined;
  const next: CountState = { mode: 'delta', current: grown.current, previous: undefined, gaps: grown.gaps };
  return { adds: 'rise', by: value, next };
}

/** @returns undefined when all of the interval was told before. */
function cover(
  gaps: readonly Gap[],
  known: Sequence,
  from: number,
  to: number,
): { current: Sequence; gaps: readonly Gap[] } | undefined {
  const { first, time } = known;
  if (from >= time) {
    const next = from > time ? kept([...gaps, [time, from]]) : gaps;
    return { current: { ...known, time: to }, gaps: next };
  }
  if (to <= first) {
    const next: readonly Gap[] = to < first ? kept([[to, first], ...gaps]) : gaps;
    return { current: { ...known, first: from }, gaps: next };
  }
  const isNew = from < first || to > time || gaps.some(([begin, end]) => from < end && to > begin);
  if (!isNew) return undefined;
  const left = gaps.flatMap(([begin, end]): Gap[] => [
    ...(begin < Math.min(from, end) ? [[begin, Math.min(from, end)] as const] : []),
    ...(end > Math.max(to, begin) ? [[Math.max(to, begin), end] as const] : []),
  ]);
  return { current: { ...known, first: Math.min(first, from), time: Math.max(time, to) }, gaps: kept(left) };
}

function kept(gaps: readonly Gap[]): readonly Gap[] {
  return gaps.length > MOST_GAPS ? gaps.slice(gaps.length - MOST_GAPS) : gaps;
}
