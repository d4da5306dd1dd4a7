import type { Clock } from '../../clock.ts';

/** When each series was heard of last, though it may have had nothing new to tell: by the monotonic clock, in memory alone. */
export class Heard {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #at = new Float64Array(16);

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  of(series: number): void {
    if (series >= this.#at.length) {
      const grown = new Float64Array(Math.ceil(series * 1.25) + 1);
      grown.set(this.#at);
      this.#at = grown;
    }
    this.#at[series] = this.#clock.monotonic();
  }

  /** Milliseconds. */
  since(series: number): number {
    return this.#clock.monotonic() - (this.#at[series] ?? 0);
  }
}
