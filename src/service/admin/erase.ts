import type { ShownRule } from './rules.ts';

/** Name of the operation by which operators take somebody out of what the bridge keeps. */
export const ERASE_OPERATION = 'erase.run';

/** It was not begun. */
export interface NotErased {
  readonly refused: string;
}

export interface Erased {
  /** As it was understood: `192.0.2.1/32`, `tag NAME`. */
  readonly what: string;
  /** Entries of the log that are kept for readers, waiting or told already, in which it was overwritten. */
  readonly entries: number;
  /** Parts of the state that hold its text all the same. */
  readonly stillIn: readonly string[];
  /** Its rules that are in force: Couic holds them, so they stay. A hundred at most. */
  readonly inForce: readonly ShownRule[];
  /** Rules for larger networks around it: they stay, and so does what is kept of them. */
  readonly around: readonly ShownRule[];
}
