/**
 * Time comes in as an argument: tests never sleep, and a fold never reads it.
 * Every time the bridge writes down is taken from here.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step in either direction, as the host's does. */
  now(): number;
  /** Milliseconds of a clock that never steps, from an arbitrary start. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** Waits; resolves early, and never rejects, once the signal is aborted. Comes in as an argument, so that tests never wait. */
export type Sleep = (milliseconds: number, signal?: AbortSignal) => Promise<void>;

/** Milliseconds. A timer of Node that is given more goes off at once. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Keeps no process alive: what waits for its next turn is no reason to stay. */
export const systemSleep: Sleep = (milliseconds, signal) =>
  new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    let timer: NodeJS.Timeout;
    const wait = (left: number) => {
      const rest = left - LONGEST_TIMER;
      timer = (rest > 0 ? setTimeout(wait, LONGEST_TIMER, rest) : setTimeout(end, left)).unref();
    };
    wait(milliseconds);
    signal?.addEventListener('abort', end, { once: true });
  });
