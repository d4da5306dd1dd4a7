import { Conflict, type Position, type Topic } from './log.ts';

export interface Decision {
  readonly record: Uint8Array;
  readonly origin?: unknown;
}

/**
 * Makes up its mind by what is folded now, and writes that down; when another process was first, looks again.
 * @param decide - reads the folds and nothing that it waits for; undefined = there is nothing to write.
 * @returns where it was written, or undefined.
 */
export async function appendDecided(topic: Topic, decide: () => Decision | undefined): Promise<Position | undefined> {
  for (;;) {
    const expect = topic.last;
    const decision = decide();
    if (decision === undefined) return undefined;
    try {
      return await topic.append(decision.record, { expect, origin: decision.origin });
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
    }
  }
}
