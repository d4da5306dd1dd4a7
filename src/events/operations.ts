/** Names of the operations by which operators look after events. */
export const EVENT_OPERATIONS = { queue: 'events.queue', refused: 'events.refused' } as const;

/** How an exporter of events does. */
export interface EventQueue {
  /** Where they go, without a secret. */
  readonly target: string;
  /** Of the log: all before it was delivered. */
  readonly position: number;
  /** Of the log, after that. */
  readonly entries: number;
  /** Of what is being sent, in seconds; 0 when nothing is. */
  readonly oldestAge: number;
  /** How many of those that were refused are kept. */
  readonly refused: number;
  /** What the last attempt failed with, and what to do; null when it did not. */
  readonly trouble: string | null;
}
