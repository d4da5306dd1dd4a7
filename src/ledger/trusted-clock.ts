import type { Clock } from '../clock.ts';

/** A step smaller than this is taken at once; daily life with NTP. */
const SMALL_STEP_MS = 60_000;
/** A larger step forward is believed after it has stood this long, though nobody confirms it. */
const CONFIRM_AFTER_MS = 10 * 60_000;
/** A start that comes longer than this after the newest record is no ordinary one. */
const LONG_AFTER_MS = 86_400_000;

/**
 * The host's clock, for deciding what is over and for writing it down: a wrong step forward would expire every rule at
 * once and drop all that waits to be sent, and nothing brings them back. So a large step, seen as wall time running away
 * from monotonic time, or at a start as one long after the newest record, is held back: until somebody else has the same
 * time, or it has stood for ten minutes. A step back is followed at once.
 */
export class TrustedClock implements Clock {
  readonly #clock: Clock;
  /** Wall minus monotonic time that is believed. */
  #offset: number;
  /** The larger offset that waits, and since when (monotonic). */
  #claimed: { offset: number; since: number } | null = null;
  #believedFor = '';

  /** @param clock - the host's. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /**
   * To be called once, when everything that was written down has been read.
   * @param newest - the clock of the newest record, ms since the epoch; 0 for none, then there is nothing to compare with.
   */
  startAfter(newest: number): void {
    const monotonic = this.#clock.monotonic();
    const offset = this.#clock.now() - monotonic;
    if (newest === 0 || monotonic + offset - newest <= LONG_AFTER_MS) return;
    this.#offset = newest - monotonic;
    this.#claimed = { offset, since: monotonic };
  }

  /** Milliseconds since the epoch. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const offset = this.#clock.now() - monotonic;
    const ahead = offset - this.#offset;
    if (ahead < SMALL_STEP_MS) {
      this.#believe(offset, 'it went back');
    } else if (this.#claimed === null || Math.abs(offset - this.#claimed.offset) >= SMALL_STEP_MS) {
      this.#claimed = { offset, since: monotonic };
    } else if (monotonic - this.#claimed.since >= CONFIRM_AFTER_MS) {
      this.#believe(offset, 'it has stood for ten minutes');
    }
    return monotonic + this.#offset;
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }

  /**
   * Somebody else says what time it is. That can only confirm the host's clock: nobody's word moves it, or holds it back.
   * @param time - ms since the epoch; whatever is not near the host's clock is passed over. @param source - for the log.
   */
  confirm(time: number, source: string): void {
    if (this.heldBack === 0) return;
    this.now();
    const wall = this.#clock.now();
    if (Math.abs(time - wall) < SMALL_STEP_MS)
      this.#believe(wall - this.#clock.monotonic(), `${source} has the same time`);
  }

  /** How far the host's clock is ahead of what is believed, ms; 0 when it is believed. */
  get heldBack(): number {
    return this.#claimed === null ? 0 : this.#claimed.offset - this.#offset;
  }

  /** Why it is believed after it was not, for the log. */
  get believedFor(): string {
    return this.#believedFor;
  }

  #believe(offset: number, why: string): void {
    if (this.#claimed !== null) this.#believedFor = why;
    this.#offset = offset;
    this.#claimed = null;
  }
}
