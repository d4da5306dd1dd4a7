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
import { type LeftOut, mapped } from './mapped.ts';
import type { Mapping } from './mapping.ts';
import { OriginCap } from './origin-cap.ts';
import type { SourcePoint } from './points.ts';
import type { SealedRecord, SeriesChange } from './records.ts';
import { Room } from './room.ts';
import type { WindowState } from './window-state.ts';

const DAY_SECONDS = 86_400;

/*
 * An entry of the log holds 1 MiB: what a window takes of it at most. What does not fit is left to the next window, which is
 * sealed at once; the rest of the entry is for places, what frames items, and what they count.
 */
const COUNTERS_BYTES = 512 * 1024;
const GAUGES_BYTES = 192 * 1024;
const ENDED_BYTES = 64 * 1024;

export interface WindowDraft {
  readonly changes: readonly SeriesChange[];
  readonly ended: SealedRecord['ended'];
  readonly owed: SealedRecord['owed'];
  /** Whether the next window starts from elsewhere than this one. */
  readonly moves: boolean;
  readonly released: SealedRecord['released'];
  readonly noted: SealedRecord['noted'];
  /** Items to be said, split so that cscli takes no two for one; empty when there is nothing to say. */
  readonly parts: readonly (readonly ValuedItem[])[];
  /** Keys of counters of which nothing is told, since there was no room. */
  readonly left: ReadonlySet<string>;
  /** Whether something had no room. */
  readonly more: boolean;
  /** What the mapping said and no window can tell. */
  readonly leftOut: readonly LeftOut[];
}

interface DrawOptions {
  readonly state: WindowState;
  readonly points: readonly SourcePoint[];
  readonly mapping: Mapping;
  /** Of each source. */
  readonly maxOrigins: number;
  /** Name that all origins beyond those share. */
  readonly otherOrigin: string;
  /** Have a place beside those. */
  readonly reservedOrigins?: readonly string[] | undefined;
  /** Second at which the window would end. */
  readonly second: number;
}

/**
 * Draws a window: for each counter the difference to what was last told, mapped to items; every gauge; and an explicit 0
 * for each gauge that ended. Reads the state and changes nothing.
 */
export function drawWindow(options: DrawOptions): WindowDraft {
  const { state, points, mapping, second, maxOrigins, otherOrigin, reservedOrigins = [] } = options;
  const leftOut: LeftOut[] = [];
  const cap = new OriginCap(state.said.places, {
    most: maxOrigins,
    other: otherOrigin,
    reserved: reservedOrigins,
    second,
  });
  const news: News[] = [];
  for (const point of points) {
    const { told, change } = newsOf(point, state);
    if (told === 0 && change === undefined) continue;
    const items = told === 0 ? [] : itemsOf(mapping, point, told, leftOut);
    for (const [item] of items) cap.hear(point.source, item);
    news.push({ point, change, items });
  }
  cap.release();

  const changes: SeriesChange[] = [];
  const left = new Set<string>();
  const room = new Room(COUNTERS_BYTES);
  const counts = new Tally();
  const levels = new Tally();
  for (const { item, value } of state.owed.values()) counts.add(itemKey(item), item, value);
  for (const { point, change, items } of news) {
    const placed = items.map(([item, value]) => [cap.place(point.source, item), value] as const);
    if (point.kind === 'level') {
      for (const [item, value] of placed) levels.add(rowKey(item), item, value);
      continue;
    }
    const keyed = placed.map(([item, value]) => [itemKey(item), item, value] as const);
    if (!room.takes(change ?? [], ...keyed.filter(([key]) => !counts.has(key)).map(([, item]) => widest(item)))) {
      left.add(point.key);
      continue;
    }
    if (change) changes.push(change);
    for (const [key, item, value] of keyed) counts.add(key, item, value);
  }

  const counted = counts.positive();
  const gauges = gaugesToSay(state, levels.positive());
  const speaks = counted.size > 0 || gauges.areNews || (gauges.items.length > 0 && isStale(state, second));
  const owed = counts.negative();
  const ended = endedSeries(state, points);
  return {
    changes,
    ended,
    owed,
    moves: changes.length > 0 || ended.length > 0 || owedDiffers(state, owed),
    released: cap.released,
    noted: cap.noted,
    parts: speaks ? partsOf(counted, gauges.items) : [],
    left,
    more: left.size > 0 || gauges.more,
    leftOut,
  };
}

/** A series that has something to say. */
interface News {
  readonly point: SourcePoint;
  readonly change: SeriesChange | undefined;
  readonly items: readonly (readonly [item: UsageItem, value: number])[];
}

function itemsOf(mapping: Mapping, point: SourcePoint, told: number, leftOut: LeftOut[]): News['items'] {
  const items: [UsageItem, number][] = [];
  for (const contribution of mapped(mapping, { ...point, value: told }, (item) => leftOut.push(item))) {
    const problem = mismatch(point, contribution);
    if (problem) leftOut.push({ metric: point.metric, about: 'name', problem });
    else items.push([fitted(contribution), Math.trunc(contribution.value ?? told)]);
  }
  return items;
}

/**
 * Series that are not given any more though their source gives others: whoever names sources says by it that such a
 * series ended, and that one of its name would begin anew.
 */
function endedSeries({ baseline }: WindowState, points: readonly SourcePoint[]): string[] {
  const given = new Set<string>();
  const sources = new Set<string>();
  for (const { kind, key, source } of points) {
    if (kind !== 'total' || source === '') continue;
    given.add(key);
    sources.add(source);
  }
  const room = new Room(ENDED_BYTES);
  const ended: string[] = [];
  for (const [key, { source }] of baseline) {
    if (given.has(key) || !sources.has(source)) continue;
    if (!room.takes(key)) break;
    ended.push(key);
  }
  return ended;
}

function owedDiffers(state: WindowState, owed: SealedRecord['owed']): boolean {
  return (
    owed.length !== state.owed.size || owed.some(([item, value]) => state.owed.get(itemKey(item))?.value !== value)
  );
}

/**
 * What a point has to tell: a gauge its level, a counter what it counted since it was last told, and where it stands now.
 * Whole numbers, so that parts add up.
 */
function newsOf(
  { kind, key, value: exact, start, source }: SourcePoint,
  state: WindowState,
): { told: number; change?: SeriesChange } {
  const value = Math.floor(exact);
  if (kind === 'level') return { told: Math.max(0, value) };
  if (kind === 'increment') return { told: value };
  const base = state.baseline.get(key);
  // Began again, or went back, which a counter does only if it began again: since then it counted its value at least.
  const reset = base !== undefined && (start > base.start || value < base.value);
  const told = base === undefined || reset ? value : value - base.value;
  return told > 0 || reset ? { told, change: [key, value, start, source] } : { told };
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
function partsOf(counted: ByKey, gauges: readonly ValuedItem[]): ValuedItem[][] {
  const parts = withoutCollisions(counted.values());
  parts[0]!.push(...gauges);
  return parts;
}

type ByKey = ReadonlyMap<string, ValuedItem>;

interface GaugesToSay {
  readonly items: readonly ValuedItem[];
  /** One of them changed or ended. */
  readonly areNews: boolean;
  /** One of those had no room. */
  readonly more: boolean;
}

/** All gauges, and a 0 for those that ended; when not all have room, those that changed come first. */
function gaugesToSay({ said }: WindowState, gauges: ByKey): GaugesToSay {
  const ended: ValuedItem[] = [];
  for (const [key, gauge] of said.gauges) if (!gauges.has(key)) ended.push(withValue(gauge, 0));
  const isNews = (key: string, value: number) => said.gauges.get(key)?.value !== value;
  const news = new Set<ValuedItem>(ended);
  for (const [key, gauge] of gauges) if (isNews(key, gauge.value)) news.add(gauge);
  const room = new Room(GAUGES_BYTES);
  const fit = new Set<ValuedItem>();
  let more = false;
  for (const item of news) {
    if (room.takes(widest(item))) fit.add(item);
    else more = true;
  }
  const all = [...gauges.values(), ...ended];
  const items = all.filter((item) => fit.has(item) || (!news.has(item) && room.takes(widest(item))));
  return { items, areNews: news.size > 0, more };
}

/** Nothing was said for a day, and LAPI would forget what it was told of gauges. */
function isStale(state: WindowState, second: number): boolean {
  // Said in what is now the future: the clock had been ahead, and when it really was nobody knows.
  return Math.abs(second - Math.floor((state.said.lastAt ?? 0) / 1000)) >= DAY_SECONDS;
}

/** The longest that it can be written. */
function widest(item: UsageItem): ValuedItem {
  return withValue(item, Number.MAX_SAFE_INTEGER);
}

/** Adds up what series contribute to items. */
class Tally {
  readonly #sums = new Map<string, { item: UsageItem; value: number }>();

  has(key: string): boolean {
    return this.#sums.has(key);
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
