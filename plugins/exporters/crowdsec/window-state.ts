import { isGaugeName, itemKey, rowKey, type UsageItem, type ValuedItem } from './items.ts';
import type { UsageMetricsBody } from './payload.ts';
import type { BaselineRecord, SealedRecord, SeriesChange } from './records.ts';
import { Said, type SaidGauge } from './said.ts';

/** What a series had counted when it was last told. */
interface SeriesBase {
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly start: number;
  /** Whose it is; empty when nobody said. */
  readonly source: string;
}

/** To LAPI, or by a dry run. */
type Listener = 'told' | 'shown';

/** One piece of a `WindowState`, as a snapshot keeps it. */
export type StateEntry =
  | ['state', { lastNumber: number; dryRun: boolean | null; sources: string[] }]
  | ['said', Listener, lastSecond: number | null, lastAt: number | null]
  | ['base', ...SeriesChange]
  | ['owed', UsageItem, number]
  | ['gauge', Listener, SaidGauge]
  | ['place', Listener, source: string, origin: string, second: number];

/** Where the last window ended: what the next one is drawn from. Changed by records alone. */
export class WindowState {
  readonly baseline = new Map<string, SeriesBase>();
  /** Items whose counts went below zero, by key, with what the next windows hold back. */
  readonly owed = new Map<string, { item: UsageItem; value: number }>();
  /** Whose counters have a baseline, so that a series unknown to it began at zero. */
  readonly sources = new Set<string>();
  lastNumber = 0;
  /** How the last run was; undefined before the first. */
  dryRun: boolean | undefined;
  readonly #told = new Said();
  /** What a dry run said: it begins with what LAPI was told, and goes when the dry run ends, as if it never had been. */
  #shown: Said | undefined;

  /** What the next window is compared with. */
  get said(): Said {
    return this.#shown ?? this.#told;
  }

  startCounting(record: BaselineRecord): void {
    const second = Math.floor(record.at / 1000);
    if (record.restart) {
      this.baseline.clear();
      this.sources.clear();
      this.owed.clear();
    }
    this.#move(record.changes);
    for (const source of record.sources) this.sources.add(source);
    this.dryRun = record.dryRun;
    this.#shown = record.dryRun ? (this.#shown ?? this.#told.copy()) : undefined;
    if (!record.restart) return;
    this.said.lastSecond = Math.max(this.said.lastSecond ?? 0, second);
    this.said.lastAt = record.at;
    // However long the dry run was: LAPI may have forgotten.
    if (!record.dryRun) this.#told.forgetGauges();
  }

  seal(record: SealedRecord, body: UsageMetricsBody | undefined): void {
    this.#move(record.changes);
    for (const key of record.ended) this.baseline.delete(key);
    this.owed.clear();
    for (const [item, value] of record.owed) this.owed.set(itemKey(item), { item, value });
    const { window } = record;
    // A program that uses the library need not say at its start that its windows are for show.
    if (window) this.#shown = window.dryRun ? (this.#shown ?? this.#told.copy()) : undefined;
    for (const [source, origin] of record.released) this.said.release(source, origin);
    for (const [source, origin] of record.noted) this.said.note(source, origin, Math.floor(record.at / 1000));
    if (!body || !window) return;
    this.lastNumber = window.number;
    this.said.say(itemsOf(body), window.second, record.at);
  }

  /** LAPI did not take this window: the next one has to tell its gauges, those that ended included. */
  unsay(body: UsageMetricsBody): void {
    for (const item of itemsOf(body)) {
      if (isGaugeName(item.name)) this.#told.gauges.set(rowKey(item), { ...item, value: null });
    }
  }

  #move(changes: readonly SeriesChange[]): void {
    for (const [key, value, start, source] of changes) this.baseline.set(key, { value, start, source });
  }

  /** Everything as of this call. */
  entries(): StateEntry[] {
    const { lastNumber, dryRun = null } = this;
    return [
      ['state', { lastNumber, dryRun, sources: [...this.sources] }],
      ...[...this.baseline].map(([key, { value, start, source }]): StateEntry => ['base', key, value, start, source]),
      ...[...this.owed.values()].map(({ item, value }): StateEntry => ['owed', item, value]),
      ...saidEntries('told', this.#told),
      ...(this.#shown ? saidEntries('shown', this.#shown) : []),
    ];
  }

  restore(entry: StateEntry): void {
    switch (entry[0]) {
      case 'state': {
        const { lastNumber, dryRun, sources } = entry[1];
        this.lastNumber = lastNumber;
        this.dryRun = dryRun ?? undefined;
        for (const source of sources) this.sources.add(source);
        break;
      }
      case 'base':
        this.baseline.set(entry[1], { value: entry[2], start: entry[3], source: entry[4] });
        break;
      case 'owed':
        this.owed.set(itemKey(entry[1]), { item: entry[1], value: entry[2] });
        break;
      case 'said':
        if (entry[1] === 'shown') this.#shown = new Said();
        this.said.lastSecond = entry[2] ?? undefined;
        this.said.lastAt = entry[3] ?? undefined;
        break;
      case 'gauge':
        this.said.gauges.set(rowKey(entry[2]), entry[2]);
        break;
      case 'place':
        this.said.note(entry[2], entry[3], entry[4]);
        break;
    }
  }
}

/** In this order they are restored: what a dry run said comes after what LAPI was told. */
function saidEntries(listener: Listener, { lastSecond, lastAt, gauges, places }: Said): StateEntry[] {
  return [
    ['said', listener, lastSecond ?? null, lastAt ?? null],
    ...[...gauges.values()].map((gauge): StateEntry => ['gauge', listener, gauge]),
    ...[...places].flatMap(([source, origins]) =>
      [...origins].map(([origin, second]): StateEntry => ['place', listener, source, origin, second]),
    ),
  ];
}

function itemsOf(body: UsageMetricsBody): ValuedItem[] {
  return body.remediation_components.flatMap(({ metrics }) => metrics.flatMap(({ items }) => items));
}
