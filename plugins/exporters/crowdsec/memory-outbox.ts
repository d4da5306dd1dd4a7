import type { AppendOptions, Fold, Topic } from '../../../src/log/log.ts';
import { OUTBOX_TOPIC, type OutboxStorage } from './outbox-storage.ts';

/** Keeps windows in memory: what LAPI has not taken is gone with the process. */
export function memoryOutbox(): OutboxStorage {
  return { attach: (fold) => new MemoryTopic(fold) };
}

class MemoryTopic implements Topic {
  readonly name = OUTBOX_TOPIC;
  readonly #fold: Fold;
  last = 0;

  constructor(fold: Fold) {
    this.#fold = fold;
  }

  append(record: Uint8Array, { origin }: AppendOptions = {}): Promise<number> {
    const position = ++this.last;
    this.#fold.apply({ position, time: Date.now(), epoch: '', topic: OUTBOX_TOPIC, record, origin });
    return Promise.resolve(position);
  }
}
