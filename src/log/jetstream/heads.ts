import type { Position } from '../log.ts';

/** What this process knows of the last message of each subject. */
export class Heads {
  readonly #last = new Map<string, Position>();
  readonly #others = new Map<string, Position>();

  /** Sequence of the last one; undefined before any was seen. */
  last(topic: string): Position | undefined {
    return this.#last.get(topic);
  }

  /** Position of the last entry that this process has not written, or was told that it had not; 0 when none was seen. */
  others(topic: string): Position {
    return this.#others.get(topic) ?? 0;
  }

  /** @param isOthers - whether an append that was decided without it is a conflict. */
  saw(topic: string, sequence: Position, isOthers: boolean): void {
    this.#last.set(topic, Math.max(sequence, this.#last.get(topic) ?? 0));
    if (isOthers) this.#others.set(topic, Math.max(sequence, this.others(topic)));
  }

  /** As the leader has it, after something was taken out of the stream. */
  correct(topic: string, sequence: Position): void {
    this.#last.set(topic, sequence);
  }
}
