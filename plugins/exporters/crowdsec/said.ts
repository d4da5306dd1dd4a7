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
  /** Origins in use, with the second of our clock in which each was last said. */
  readonly origins = new Map<string, number>();
  /** Second of the last window, or at which counting began; undefined before that. */
  lastSecond: number | undefined;
  /** When that was by our clock, ms since the epoch: behind the second, once the clock had been far ahead. */
  lastAt: number | undefined;

  /** A window was said. @param second - of the window. @param at - ms since the epoch. */
  say(items: readonly ValuedItem[], second: number, at: number): void {
    this.lastSecond = second;
    this.lastAt = at;
    this.gauges.clear();
    for (const item of items) {
      if (isGaugeName(item.name) && item.value > 0) this.gauges.set(rowKey(item), item);
      if (item.labels?.origin) this.origins.set(item.labels.origin, Math.floor(at / 1000));
    }
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
    for (const [origin, second] of this.origins) copy.origins.set(origin, second);
    return copy;
  }
}
