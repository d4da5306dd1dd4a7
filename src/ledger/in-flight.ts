import type { Link } from './heads.ts';

/**
 * Bodies of one instance that were read to their end and whose last chunk is on its way to the disk. The next body need
 * not wait for them, so that small ones share a sync; but one that begins like any of them has to, since only the commit
 * says what of it was counted.
 */
export class InFlight {
  /** By the hash of their first element, which the offset of its end follows from. */
  readonly #bodies = new Map<string, Promise<unknown>>();

  get size(): number {
    return this.#bodies.size;
  }

  /** @param first - of a body: the link after its first element. */
  has(first: Link): boolean {
    return this.#bodies.has(first.hash);
  }

  /** @param done - settles when the body is committed or has failed. */
  add(first: Link, done: Promise<unknown>): void {
    this.#bodies.set(first.hash, done);
  }

  /** To be called when it has settled. */
  delete(first: Link): void {
    this.#bodies.delete(first.hash);
  }

  /** Resolves when none is in flight any more, however they ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#bodies.values());
  }
}
