import { fitted, isGaugeName, itemKey, rowKey, type UsageItem, type ValuedItem, withoutCollisions } from './items.ts';
import type { Contribution, Mapping } from './mapping.ts';
import { OriginCap } from './origin-cap.ts';
import type { SourcePoint } from './points.ts';
import type { SealedRecord, SeriesChange } from './records.ts';
import type { WindowState } from './window-state.ts';

const DAY_SECONDS = 86_400;

export interface WindowDraft {
  readonly changes: readonly SeriesChange[];
  readonly owed: SealedRecord['owed'];
  readonly released: readonly string[];
  /** Items to be said, split so that cscli takes no two for one; empty when there is nothing to say. */
  readonly parts: readonly (readonly ValuedItem[])[];
  /** Metrics whose mapping could not be used, with why. */
  readonly unusable: ReadonlyMap<string, string>;
}

export interface DrawOptions {
  readonly state: WindowState;
  readonly points: readonly SourcePoint[];
  readonly mapping: Mapping;
  readonly maxOrigins: number;
  /** Name that all origins beyond those share. */
  readonly otherOrigin: string;
  readonly dryRun: boolean;
  /** Second at which the window would end. */
  readonly second: number;
}

/**
 * Draws a window: for each counter the difference to what was last told, mapped to items; every gauge; and an explicit 0
 * for each gauge that ended. Reads the state and changes nothing.
 */
export function drawWindow(options: DrawOptions): WindowDraft {
  const { state, points, second } = options;
  const unusable = new Map<string, string>();
  const changes: SeriesChange[] = [];
  const counts = new Tally(state.owed.values());
  const levels = new Tally([]);
  const cap = new OriginCap(state.origins, options.maxOrigins, options.otherOrigin, second);
  for (const point of points) {
    const told = point.kind === 'level' ? Math.max(0, Math.floor(point.value)) : increment(point, state, changes);
    if (told === 0) continue;
    const mapped = options.mapping({ ...point, value: told });
    for (const contribution of mapped ? [mapped].flat() : []) {
      const problem = mismatch(point, contribution);
      if (problem) {
        unusable.set(point.metric, problem);
        continue;
      }
      const item = cap.place(fitted(bare(contribution)));
      const value = Math.trunc(contribution.value ?? told);
      if (point.kind === 'level') levels.add(rowKey(item), item, value);
      else counts.add(itemKey(item), item, value);
    }
  }
  const gauges = levels.positive();
  const counted = counts.positive();
  const ended = endedGauges(state, gauges, options.dryRun);
  const speaks = counted.length > 0 || ended.length > 0 || gaugesAreNews(state, gauges, second);
  return {
    changes,
    owed: counts.negative(),
    released: cap.released,
    parts: speaks ? withoutCollisions([...counted, ...gauges, ...ended]) : [],
    unusable,
  };
}

/** What a counter counted since it was last told; takes down where it stands now. Whole numbers, so that parts add up. */
function increment(point: SourcePoint, state: WindowState, changes: SeriesChange[]): number {
  const value = Math.floor(point.value);
  if (point.kind === 'increment') return value;
  const base = state.baseline.get(point.key);
  // Began again, or went back, which a counter does only if it began again: since then it counted its value at least.
  const reset = base !== undefined && (point.start > base.start || value < base.value);
  const counted = base === undefined || reset ? value : value - base.value;
  if (counted > 0 || reset) changes.push([point.key, value, point.start]);
  return counted;
}

/** What cscli would get wrong: a level that it adds up, or a count of which it keeps the last value. */
function mismatch(point: SourcePoint, item: UsageItem): string | undefined {
  const level = point.kind === 'level';
  if (level === isGaugeName(item.name)) return undefined;
  return level
    ? `a gauge maps to "${item.name}", which cscli adds up over windows: only active_decisions and names ending in _gauge keep the last value`
    : `a counter maps to "${item.name}", of which cscli keeps only the last value: map it to another name`;
}

function endedGauges(state: WindowState, gauges: readonly ValuedItem[], dryRun: boolean): ValuedItem[] {
  const present = new Set(gauges.map(rowKey));
  return [...state.gauges]
    .filter(([key, said]) => !present.has(key) && !(dryRun && said.value === null))
    .map(([, { item }]) => withValue(item, 0));
}

/** A level changed; or none did for a day, and LAPI would forget what it was told. */
function gaugesAreNews(state: WindowState, gauges: readonly ValuedItem[], second: number): boolean {
  if (gauges.some((gauge) => state.gauges.get(rowKey(gauge))?.value !== gauge.value)) return true;
  return gauges.length > 0 && second - (state.lastSecond ?? 0) >= DAY_SECONDS;
}

function bare({ name, unit, labels }: Contribution): UsageItem {
  return { name, unit, ...(labels && { labels }) };
}

function withValue({ name, unit, labels }: UsageItem, value: number): ValuedItem {
  return { name, value, unit, ...(labels && { labels }) };
}

/** Adds up what series contribute to items. */
class Tally {
  readonly #sums = new Map<string, { item: UsageItem; value: number }>();

  constructor(carried: Iterable<{ item: UsageItem; value: number }>) {
    for (const { item, value } of carried) this.add(itemKey(item), item, value);
  }

  add(key: string, item: UsageItem, value: number): void {
    const sum = this.#sums.get(key);
    if (sum) sum.value += value;
    else this.#sums.set(key, { item, value });
  }

  positive(): ValuedItem[] {
    return [...this.#sums.values()]
      .filter(({ value }) => value > 0)
      .map(({ item, value }) => withValue(item, Math.min(value, Number.MAX_SAFE_INTEGER)));
  }

  negative(): [UsageItem, number][] {
    return [...this.#sums.values()].filter(({ value }) => value < 0).map(({ item, value }) => [item, value]);
  }
}
