import type { Fold, Journal, Store } from '../../src/storage/store.ts';

/** A store in memory that commits like the real one: later, in order, all or nothing; and that can be told to fail. */
export class MemoryStore implements Store {
  readonly #folds = new Map<string, Fold>();
  readonly identity = { instanceId: '00000000-0000-4000-8000-000000000000', createdAt: 0 };
  /** Everything committed, in order: a restart replays it. */
  readonly log: { name: string; record: Uint8Array }[];
  /** Appends that were asked for, done or not. */
  requested = 0;
  /** Thrown by the next appends while set. */
  failure: Error | null = null;
  /** Runs between the commit and its application to the folds. */
  afterCommit: () => Promise<void> = () => Promise.resolve();
  #last: Promise<void> = Promise.resolve();

  constructor(log: { name: string; record: Uint8Array }[] = []) {
    this.log = log;
  }

  attach(name: string, fold: Fold): Journal {
    this.#folds.set(name, fold);
    return {
      append: (records) => {
        this.requested++;
        const done = this.#last.then(async () => {
          if (this.failure !== null) throw this.failure;
          const copies = records.map((record) => ({ name, record: new Uint8Array(record) }));
          this.log.push(...copies);
          await this.afterCommit();
          for (const { record } of copies) fold.apply(record);
        });
        this.#last = done.catch(() => {});
        return done;
      },
    };
  }

  load(): Promise<void> {
    for (const { name, record } of this.log) this.#folds.get(name)?.apply(record);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return this.#last;
  }
}
