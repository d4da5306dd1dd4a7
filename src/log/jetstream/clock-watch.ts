import type { Clock } from '../../clock.ts';

/** What this host's clock may be off. */
export const SKEW_MS = 60_000;

/**
 * Knows how far this host's clock is from the stream's, which dates the entries: the last time that the leader told is taken on
 * by the monotonic clock, so that a clock that is mended, or goes wrong, is noticed at once.
 */
export class ClockWatch {
  readonly #clock: Clock;
  /** Of the stream's time, at 0 of the monotonic clock. */
  #offset: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param time - the stream's, ms since the epoch, of a moment ago. */
  told(time: number): void {
    if (Number.isFinite(time)) this.#offset = time - this.#clock.monotonic();
  }

  /** How far this host's clock is ahead of the stream's, ms; undefined: nothing is known. */
  get skew(): number | undefined {
    return this.#offset === undefined ? undefined : this.#clock.now() - this.#clock.monotonic() - this.#offset;
  }

  /** What is wrong with it; undefined: nothing, or nothing is known. */
  get problem(): string | undefined {
    const { skew = 0 } = this;
    if (Math.abs(skew) < SKEW_MS) return undefined;
    const seconds = Math.round(Math.abs(skew) / 1000);
    return `this host's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} that of the NATS server: mend it (timedatectl)`;
  }
}
