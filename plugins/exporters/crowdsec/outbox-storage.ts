import type { Fold, Topic } from '../../../src/log/log.ts';

/** Where an outbox that stands alone is written. */
export const OUTBOX_TOPIC = 'outbox';

/** Where the outbox keeps its records. */
export interface OutboxStorage {
  /** Called once, before anything else. */
  attach(fold: Fold): Topic;
  /** Reads what is there into the fold. */
  open?(): Promise<void>;
  close?(): Promise<void>;
}
