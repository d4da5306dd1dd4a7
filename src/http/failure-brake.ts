import type { Clock } from '../clock.ts';

/** So many failures a second are answered at once: a Couic with a wrong token sees its answer within its 2 s anyway, and others soon enough. */
const BURST = 20;
const PERIOD = 1000;
/** What the others wait, in ms. */
const DELAY = 1000;
/** So many wait at most: each holds a connection. */
const MOST_WAITING = 256;

/**
 * Slows down who guesses tokens or paths. It knows no addresses: behind a proxy all have one, and a good token never
 * comes here.
 */
export class FailureBrake {
  readonly #clock: Clock;
  #periodEnds = Number.NEGATIVE_INFINITY;
  #passed = 0;
  readonly #waiting = new Set<NodeJS.Timeout>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param answer - called now or later. @param hangUp - called instead when too many wait already. */
  slow(answer: () => void, hangUp: () => void): void {
    const now = this.#clock.monotonic();
    if (now >= this.#periodEnds) {
      this.#periodEnds = now + PERIOD;
      this.#passed = 0;
    }
    if (++this.#passed <= BURST) {
      answer();
    } else if (this.#waiting.size >= MOST_WAITING) {
      hangUp();
    } else {
      const timer = setTimeout(() => {
        this.#waiting.delete(timer);
        answer();
      }, DELAY).unref();
      this.#waiting.add(timer);
    }
  }
}
