import type { Clock, Sleep } from '../../../src/clock.ts';

interface Sleeper {
  readonly due: number;
  readonly wake: () => void;
}

/** Time that stands still until it is moved on; whoever sleeps in it wakes when it comes to that. */
export class SteppedClock implements Clock {
  readonly #start: number;
  readonly #began = performance.now();
  #now: number;
  #sleepers: Sleeper[] = [];

  /** @param start - milliseconds since the epoch. */
  constructor(start: number) {
    this.#start = start;
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  /** Goes on a little by itself, so that what takes time takes its real one. */
  monotonic(): number {
    return this.#now - this.#start + performance.now() - this.#began;
  }

  advance(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#sleepers.filter((sleeper) => sleeper.due <= this.#now);
    this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.due > this.#now);
    for (const { wake } of due) wake();
  }

  readonly sleep: Sleep = (milliseconds, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      this.#sleepers.push({ due: this.#now + milliseconds, wake });
      signal?.addEventListener('abort', wake, { once: true });
    });
}
