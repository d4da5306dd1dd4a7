import type { Sleep } from '../clock.ts';
import type { Position, Reader } from '../log/log.ts';

/** Written down no more often than this, ms: each time costs the log an entry and the disk a sync. */
const PAUSE = 1000;

interface CursorOptions {
  readonly reader: Pick<Reader, 'position' | 'retain'>;
  readonly sleep: Sleep;
  onFailure(error: unknown): void;
}

/** Where a reader of events stands, as batches are done in any order: it passes what was delivered, and all before it. */
export class Cursor {
  readonly #options: CursorOptions;
  readonly #underWay: { readonly through: Position; done: boolean }[] = [];
  #passed: Position;
  #writing: Promise<void> | undefined;
  readonly #hurry = new AbortController();

  constructor(options: CursorOptions) {
    this.#options = options;
    this.#passed = options.reader.position;
  }

  /** A batch was begun, the next in the order of the log. @returns to be called once, when all of it was delivered. */
  begin(through: Position): () => void {
    const mine = { through, done: false };
    this.#underWay.push(mine);
    return () => {
      mine.done = true;
      while (this.#underWay[0]?.done) this.#passed = this.#underWay.shift()!.through;
      void this.#settled();
    };
  }

  /** What is under way is read again. */
  letGo(): void {
    this.#underWay.length = 0;
  }

  /** Writes down where it stands. @param position - lets go of all up to there, which is no longer kept. */
  settle(position: Position = 0): Promise<void> {
    this.#passed = Math.max(this.#passed, position);
    return this.#settled();
  }

  /** Writes down where it stands; no batch may end after it. */
  async close(): Promise<void> {
    this.#hurry.abort();
    await this.#writing;
  }

  #settled(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { reader, sleep, onFailure } = this.#options;
    let failed = false;
    while (this.#passed > reader.position) {
      try {
        await reader.retain(this.#passed);
        failed = false;
      } catch (error) {
        // What was delivered is delivered again after a restart, at worst.
        if (!failed) onFailure(error);
        failed = true;
        if (this.#hurry.signal.aborted) break;
      }
      await sleep(PAUSE, this.#hurry.signal);
    }
  }
}
