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
