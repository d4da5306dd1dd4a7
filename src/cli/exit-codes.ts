import { constants } from 'node:os';

/** What the process ends with; documented in docs/operations.md. */
export const EXIT = {
  /** Done, or stopped in order by a signal. */
  ok: 0,
  /** Could not start, failed while running, or could not end everything in order. */
  failure: 1,
  /** The command line or the configuration is wrong: starting again changes nothing. */
  usage: 2,
} as const;

/** Ended at once by a second signal: 130 for SIGINT, 143 for SIGTERM, as a shell reports it. */
export function signalExit(signal: StopSignal): number {
  return 128 + constants.signals[signal];
}

export type StopSignal = 'SIGINT' | 'SIGTERM';
