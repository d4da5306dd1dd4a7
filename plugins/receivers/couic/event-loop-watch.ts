import type { Clock } from '../../../src/clock.ts';

const TICK_MS = 100;
/** A loop that stood still for longer has not read what its connections had to say meanwhile. */
const LATE_MS = 500;

/**
 * Knows when the event loop was late: stopped by a signal, a debugger, a disk, a machine without time for it. It can be
 * asked before the timer that it goes by has had its turn.
 */
export class EventLoopWatch {
  readonly #clock: Clock;
  #timer: NodeJS.Timeout | undefined;
  #lastTick = 0;
  #lastLate = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  start(): void {
    this.#lastTick = this.#clock.monotonic();
    this.#timer ??= setInterval(this.tick, TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Whether it was late at any time since then, monotonic, ms. Never so before `start`. */
  wasLateSince(time: number): boolean {
    if (this.#timer !== undefined) this.#look();
    return this.#lastLate >= time;
  }

  /** For tests, which have no time. */
  readonly tick = (): void => {
    this.#lastTick = this.#look();
  };

  #look(): number {
    const now = this.#clock.monotonic();
    if (now - this.#lastTick > LATE_MS) this.#lastLate = now;
    return now;
  }
}
