import { isGaugeName, rowKey, type UsageItem, type ValuedItem } from './items.ts';

/** The last that was said of a gauge. */
export interface SaidGauge extends UsageItem {
  /** null when LAPI may not know: the next window says it, a 0 if need be. */
  readonly value: number | null;
}

/** What windows have said so far: to LAPI, or in a dry run to the log. */
export class Said {
  /** By row of cscli's table. */
  readonly gauges = new Map<string, SaidGauge>();
  /** By source: origins that have a place, with the second of our clock in which each was last noted. */
  readonly places = new Map<string, Map<string, number>>();
  /** Second of the last window, or at which counting began; undefined before that. */
  lastSecond: number | undefined;
  /** When that was by our clock, ms since the epoch: behind the second, once the clock had been far ahead. */
  lastAt: number | undefined;

  /** A window was said. @param second - of the window. @param at - ms since the epoch. */
  say(items: readonly ValuedItem[], second: number, at: number): void {
    this.lastSecond = second;
    this.lastAt = at;
    for (const item of items) {
      if (!isGaugeName(item.name)) continue;
      if (item.value > 0) this.gauges.set(rowKey(item), item);
      else this.gauges.delete(rowKey(item));
    }
  }

  /** @param second - of our clock. */
  note(source: string, origin: string, second: number): void {
    let origins = this.places.get(source);
    if (!origins) {
      origins = new Map();
      this.places.set(source, origins);
    }
    origins.set(origin, second);
  }

  release(source: string, origin: string): void {
    const origins = this.places.get(source);
    origins?.delete(origin);
    if (origins?.size === 0) this.places.delete(source);
  }

  /** Whoever was told may not know any more: the next window says every gauge. */
  forgetGauges(): void {
    for (const [key, gauge] of this.gauges) this.gauges.set(key, { ...gauge, value: null });
  }

  copy(): Said {
    const copy = new Said();
    copy.lastSecond = this.lastSecond;
    copy.lastAt = this.lastAt;
    for (const [key, gauge] of this.gauges) copy.gauges.set(key, gauge);
    for (const [source, origins] of this.places) copy.places.set(source, new Map(origins));
    return copy;
  }
}
