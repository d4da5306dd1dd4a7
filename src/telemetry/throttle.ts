import type { Clock } from '../clock.ts';

interface ThrottleOptions<Next, Sum> {
  readonly clock: Clock;
  /** How many of one key are let through at once, each period. */
  readonly burst: number;
  /** Milliseconds. */
  readonly period: number;
  /** Adds one that was held back to what its key holds already; may change `sum`, since this is on the hot path. */
  add(sum: Sum | undefined, next: Next): Sum;
  /** What was held back for a key, once its period is over. */
  flush(key: string, sum: Sum): void;
}

interface Period<Sum> {
  readonly ends: number;
  passed: number;
  held: Sum | undefined;
}

/**
 * Keeps the log readable and cheap: the first few of a kind are logged at once, what comes more within a period is
 * summed up in one line. A written line costs more than a request does.
 */
export class Throttle<Next, Sum = Next> {
  readonly #options: ThrottleOptions<Next, Sum>;
  readonly #periods = new Map<string, Period<Sum>>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ThrottleOptions<Next, Sum>) {
    this.#options = options;
  }

  /** @returns true: log it now. false: it was added to what the period's end will log. */
  pass(key: string, next: Next): boolean {
    const { clock, burst, period, add } = this.#options;
    const now = clock.monotonic();
    let current = this.#periods.get(key);
    if (!current || (now >= current.ends && current.held === undefined)) {
      current = { ends: now + period, passed: 0, held: undefined };
      this.#periods.set(key, current);
    }
    if (current.passed < burst) {
      current.passed += 1;
      return true;
    }
    current.held = add(current.held, next);
    this.#timer ??= setTimeout(this.#flushAll, period).unref();
    return false;
  }

  /** Logs what is still held back, and ends. */
  close(): void {
    clearTimeout(this.#timer);
    this.#flushAll();
  }

  readonly #flushAll = (): void => {
    this.#timer = undefined;
    for (const [key, { held }] of this.#periods) {
      this.#periods.delete(key);
      if (held !== undefined) this.#options.flush(key, held);
    }
  };
}
