/** Milliseconds, and the words of the Collector's `retry_on_failure`. */
export interface BackoffOptions {
  readonly initial_interval: number;
  readonly randomization_factor: number;
  readonly multiplier: number;
  readonly max_interval: number;
}

/** Waits that grow from failure to failure, each spread at random, so that many senders do not come at the same time. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #interval: number;

  /** @param random - from 0 up to, not including, 1. */
  constructor(options: BackoffOptions, random: () => number) {
    this.#options = options;
    this.#random = random;
    this.#interval = options.initial_interval;
  }

  /** @returns milliseconds to wait after one more failure. */
  next(): number {
    const { multiplier, max_interval, randomization_factor } = this.#options;
    const interval = Math.min(this.#interval, max_interval);
    this.#interval = Math.min(interval * multiplier, max_interval);
    return interval * (1 - randomization_factor + 2 * randomization_factor * this.#random());
  }

  /** @returns milliseconds to wait after this one: as long as the other side asks for, if that is longer. */
  after({ retryAfter = 0 }: { readonly retryAfter?: number }): number {
    return Math.max(this.next(), retryAfter);
  }

  reset(): void {
    this.#interval = this.#options.initial_interval;
  }
}
