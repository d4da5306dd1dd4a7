import { isGaugeName, itemKey, rowKey, type UsageItem, type ValuedItem } from './items.ts';
import type { UsageMetricsBody } from './payload.ts';
import type { BaselineRecord, SealedRecord, SeriesChange } from './records.ts';

/** What a series had counted when it was last told. */
export interface SeriesBase {
  readonly value: number;
  /** Milliseconds since the epoch. */
  readonly start: number;
}

/** The last that was said of a gauge. */
export interface SaidGauge extends UsageItem {
  /** null when LAPI may not know: the next real window says it, a 0 if need be. */
  readonly value: number | null;
}

/** One piece of a `WindowState`, as a snapshot keeps it. */
export type StateEntry =
  | ['state', { lastSecond: number | null; lastNumber: number; dryRun: boolean | null; sources: string[] }]
  | ['base', ...SeriesChange]
  | ['owed', UsageItem, number]
  | ['gauge', SaidGauge]
  | ['origin', string, number];

/** Where the last window ended: what the next one is drawn from. Changed by records alone. */
export class WindowState {
  readonly baseline = new Map<string, SeriesBase>();
  /** Items whose counts went below zero, by key, with what the next windows hold back. */
  readonly owed = new Map<string, { item: UsageItem; value: number }>();
  /** By row of cscli's table. */
  readonly gauges = new Map<string, SaidGauge>();
  /** Origins in use, with the second in which each was last said. */
  readonly origins = new Map<string, number>();
  /** Whose counters have a baseline, so that a series unknown to it began at zero. */
  readonly sources = new Set<string>();
  /** Second of the last window, or at which counting began; undefined before that. */
  lastSecond: number | undefined;
  lastNumber = 0;
  /** How the last run was; undefined before the first. */
  dryRun: boolean | undefined;

  startCounting(record: BaselineRecord): void {
    this.#move(record.changes);
    for (const source of record.sources) this.sources.add(source);
    if (record.restart) {
      this.lastSecond = Math.max(this.lastSecond ?? 0, Math.floor(record.at / 1000));
      this.owed.clear();
      // What a dry run said of gauges never reached LAPI.
      this.#forgetGauges();
    }
    this.dryRun = record.dryRun;
  }

  seal(record: SealedRecord, body: UsageMetricsBody | undefined): void {
    this.#move(record.changes);
    this.owed.clear();
    for (const [item, value] of record.owed) this.owed.set(itemKey(item), { item, value });
    for (const origin of record.released) this.origins.delete(origin);
    if (!body || !record.window) return;
    this.lastSecond = record.window.second;
    this.lastNumber = record.window.number;
    const items = itemsOf(body);
    this.#sayGauges(items, record.window.dryRun);
    for (const { labels } of items) if (labels?.origin) this.origins.set(labels.origin, record.window.second);
  }

  /** LAPI did not take this window: the next one has to tell its gauges, those that ended included. */
  unsay(body: UsageMetricsBody): void {
    for (const item of itemsOf(body)) {
      if (isGaugeName(item.name)) this.gauges.set(rowKey(item), { ...item, value: null });
    }
  }

  #move(changes: readonly SeriesChange[]): void {
    for (const [key, value, start] of changes) this.baseline.set(key, { value, start });
  }

  #sayGauges(items: readonly ValuedItem[], dryRun: boolean): void {
    // What ended in a dry run was never said to LAPI: kept, for the first real window.
    if (dryRun) this.#forgetGauges();
    else this.gauges.clear();
    for (const item of items) if (isGaugeName(item.name) && item.value > 0) this.gauges.set(rowKey(item), item);
  }

  #forgetGauges(): void {
    for (const [key, gauge] of this.gauges) this.gauges.set(key, { ...gauge, value: null });
  }

  /** Everything as of this call. */
  entries(): StateEntry[] {
    const { lastSecond = null, lastNumber, dryRun = null } = this;
    return [
      ['state', { lastSecond, lastNumber, dryRun, sources: [...this.sources] }],
      ...[...this.baseline].map(([key, { value, start }]): StateEntry => ['base', key, value, start]),
      ...[...this.owed.values()].map(({ item, value }): StateEntry => ['owed', item, value]),
      ...[...this.gauges.values()].map((gauge): StateEntry => ['gauge', gauge]),
      ...[...this.origins].map((origin): StateEntry => ['origin', ...origin]),
    ];
  }

  restore(entry: StateEntry): void {
    switch (entry[0]) {
      case 'state': {
        const { lastSecond, lastNumber, dryRun, sources } = entry[1];
        this.lastSecond = lastSecond ?? undefined;
        this.lastNumber = lastNumber;
        this.dryRun = dryRun ?? undefined;
        for (const source of sources) this.sources.add(source);
        break;
      }
      case 'base':
        this.baseline.set(entry[1], { value: entry[2], start: entry[3] });
        break;
      case 'owed':
        this.owed.set(itemKey(entry[1]), { item: entry[1], value: entry[2] });
        break;
      case 'gauge':
        this.gauges.set(rowKey(entry[1]), entry[1]);
        break;
      case 'origin':
        this.origins.set(entry[1], entry[2]);
        break;
    }
  }
}

function itemsOf(body: UsageMetricsBody): ValuedItem[] {
  return body.remediation_components.flatMap(({ metrics }) => metrics.flatMap(({ items }) => items));
}
