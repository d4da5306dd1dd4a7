import type { Clock } from '../clock.ts';

/** A step smaller than this is taken at once; daily life with NTP. */
const SMALL_STEP_MS = 60_000;
/** A larger step forward is believed after it has stood this long. */
const CONFIRM_AFTER_MS = 10 * 60_000;

/**
 * The host's clock, for deciding what is over: a wrong step forward would expire every rule at once, and nothing
 * brings them back. So a large step, seen as wall time running away from monotonic time, is held back until it has
 * stood for ten minutes. A step back is followed at once; the fold's own clock never goes back.
 */
export class TrustedClock {
  readonly #clock: Clock;
  /** Wall minus monotonic time that is believed. */
  #offset: number;
  /** The larger offset that waits, and since when (monotonic). */
  #claimed: { offset: number; since: number } | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const offset = this.#clock.now() - monotonic;
    const ahead = offset - this.#offset;
    if (ahead < SMALL_STEP_MS) {
      this.#accept(offset);
    } else if (this.#claimed === null || Math.abs(offset - this.#claimed.offset) >= SMALL_STEP_MS) {
      this.#claimed = { offset, since: monotonic };
    } else if (monotonic - this.#claimed.since >= CONFIRM_AFTER_MS) {
      this.#accept(offset);
    }
    return monotonic + this.#offset;
  }

  /** How far the host's clock is ahead of what is believed, ms; 0 when it is believed. */
  get heldBack(): number {
    return this.#claimed === null ? 0 : this.#claimed.offset - this.#offset;
  }

  #accept(offset: number): void {
    this.#offset = offset;
    this.#claimed = null;
  }
}
