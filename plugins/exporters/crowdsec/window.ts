import {
  fitted,
  isGaugeName,
  itemKey,
  rowKey,
  type UsageItem,
  type ValuedItem,
  withoutCollisions,
  withValue,
} from './items.ts';
import type { Contribution, Mapping } from './mapping.ts';
import { OriginCap } from './origin-cap.ts';
import type { SourcePoint } from './points.ts';
import type { SealedRecord, SeriesChange } from './records.ts';
import type { WindowState } from './window-state.ts';

const DAY_SECONDS = 86_400;

export interface WindowDraft {
  readonly changes: readonly SeriesChange[];
  readonly owed: SealedRecord['owed'];
  /** Whether the next window starts from elsewhere than this one. */
  readonly moves: boolean;
  readonly released: readonly string[];
  /** Items to be said, split so that cscli takes no two for one; empty when there is nothing to say. */
  readonly parts: readonly (readonly ValuedItem[])[];
  /** Metrics whose mapping could not be used, with why. */
  readonly unusable: ReadonlyMap<string, string>;
}

interface DrawOptions {
  readonly state: WindowState;
  readonly points: readonly SourcePoint[];
  readonly mapping: Mapping;
  readonly maxOrigins: number;
  /** Name that all origins beyond those share. */
  readonly otherOrigin: string;
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
  const cap = new OriginCap(state.said.origins, options.maxOrigins, options.otherOrigin, second);
  for (const point of points) {
    const told = point.kind === 'level' ? Math.max(0, Math.floor(point.value)) : increment(point, state, changes);
    if (told === 0) continue;
    for (const contribution of contributions(options.mapping, point, told)) {
      const problem = mismatch(point, contribution);
      if (problem) {
        unusable.set(point.metric, problem);
        continue;
      }
      const item = cap.place(fitted(contribution));
      const value = Math.trunc(contribution.value ?? told);
      if (point.kind === 'level') levels.add(rowKey(item), item, value);
      else counts.add(itemKey(item), item, value);
    }
  }
  const gauges = levels.positive();
  const counted = counts.positive();
  const ended = endedGauges(state, gauges);
  const speaks = counted.size > 0 || ended.length > 0 || gaugesAreNews(state, gauges, second);
  const owed = counts.negative();
  return {
    changes,
    owed,
    moves: changes.length > 0 || owedDiffers(state, owed),
    released: cap.released,
    parts: speaks ? partsOf(counted, gauges, ended) : [],
    unusable,
  };
}

function contributions(mapping: Mapping, point: SourcePoint, value: number): readonly Contribution[] {
  const { metric, unit, attributes, key, kind, start } = point;
  const mapped = mapping({ metric, unit, attributes, key, kind, value, start });
  if (mapped === undefined) return [];
  return Array.isArray(mapped) ? (mapped as readonly Contribution[]) : [mapped as Contribution];
}

function owedDiffers(state: WindowState, owed: SealedRecord['owed']): boolean {
  return (
    owed.length !== state.owed.size || owed.some(([item, value]) => state.owed.get(itemKey(item))?.value !== value)
  );
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

/** Gauges cannot collide: each is the only one of its row. */
function partsOf(counted: ByKey, gauges: ByKey, ended: readonly ValuedItem[]): ValuedItem[][] {
  const parts = withoutCollisions(counted.values());
  parts[0]!.push(...gauges.values(), ...ended);
  return parts;
}

type ByKey = ReadonlyMap<string, ValuedItem>;

function endedGauges(state: WindowState, gauges: ByKey): ValuedItem[] {
  const ended: ValuedItem[] = [];
  for (const [key, said] of state.said.gauges) {
    if (!gauges.has(key)) ended.push(withValue(said, 0));
  }
  return ended;
}

/** A level changed; or none did for a day, and LAPI would forget what it was told. */
function gaugesAreNews(state: WindowState, gauges: ByKey, second: number): boolean {
  for (const [key, { value }] of gauges) if (state.said.gauges.get(key)?.value !== value) return true;
  // Said in what is now the future: the clock had been ahead, and when it really was nobody knows.
  const since = Math.abs(second - Math.floor((state.said.lastAt ?? 0) / 1000));
  return gauges.size > 0 && since >= DAY_SECONDS;
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

  positive(): Map<string, ValuedItem> {
    const items = new Map<string, ValuedItem>();
    for (const [key, { item, value }] of this.#sums) {
      if (value > 0) items.set(key, withValue(item, Math.min(value, Number.MAX_SAFE_INTEGER)));
    }
    return items;
  }

  negative(): [UsageItem, number][] {
    const owed: [UsageItem, number][] = [];
    for (const { item, value } of this.#sums.values()) if (value < 0) owed.push([bare(item), value]);
    return owed;
  }
}

function bare({ name, unit, labels }: UsageItem): UsageItem {
  return labels ? { name, unit, labels } : { name, unit };
}
