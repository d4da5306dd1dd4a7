/*
 * When a cumulative series began: the time of the record that first counted it, kept with its count. A reader of deltas
 * that sees a series for the first time takes its value for new if it began after the reader did, and for history if
 * before; with one start for all, that of the ledger, the first value of each new series would be lost there.
 */

/** A start that nobody knows: OTLP's word for it. A reader of deltas takes the first value for history. */
export const UNKNOWN_START = 0;

/**
 * A millisecond before the record's clock: OTLP's interval leaves its start out, and a point whose start is its own time
 * would say nothing.
 * @param clock - of the record, ms since the epoch.
 */
export function startAt(clock: number): number {
  return Math.floor(clock) - 1;
}

/**
 * A start, once the host's clock went back: one that would be in the future was written by a clock that was ahead, and
 * when it really was nobody knows. Left as it is, each reader that begins before it takes all history for new.
 */
export function startSeenFrom(clock: number, start: number): number {
  return start > clock ? UNKNOWN_START : start;
}
