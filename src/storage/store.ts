/**
 * One log, one fold: everything durable is a record in one log, and all state in memory is a deterministic fold over
 * those records, started from the newest snapshot.
 */

/** State that is a fold over its own records. */
export interface Fold {
  /**
   * Applies one record that is on disk. Deterministic: the same records in the same order give the same state,
   * so it reads no clock and no randomness, and it must not throw on a record that it wrote itself.
   */
  apply(record: Uint8Array): void;
  /**
   * The state as of this call, as pieces of at most 1 MiB each (the buffers belong to the store until the iterator
   * moves on). Records may be applied between two pieces; the pieces still describe the moment of the call: a plain
   * generator function, which runs only from the first `next()` on, is too late.
   * The iterator's `return` is called when a snapshot is given up.
   */
  snapshot(): Iterable<Uint8Array>;
  /** Takes the pieces of one `snapshot()`, in order, before any `apply`. Called at most once, on a new fold. */
  restore(pieces: Iterable<Uint8Array>): void;
}

/** Where one fold's records are written. */
export interface Journal {
  /**
   * Writes the records as one transaction, then applies them to the fold, in order. Resolves after that.
   * Rejects with a `StorageError` when the commit failed; nothing was applied then, and the caller may try again.
   * Appends of all folds are applied in the order of their calls; those made while a commit is under way share the next one.
   * @param records - owned by the store until the promise settles.
   */
  append(records: readonly Uint8Array[]): Promise<void>;
}

/** What a store is given at its creation and keeps for good, over restarts, upgrades and moves of its directory. */
export interface StoreIdentity {
  /** A UUID; the service's `service.instance.id`. */
  readonly instanceId: string;
  /** When the store was created, in milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface Store {
  /** Known once `load()` has resolved; throws `ERR_STORAGE_CLOSED` before. */
  readonly identity: StoreIdentity;
  /**
   * Registers a fold under a stable name (`ledger`, `exporter/crowdsec/edge`). Before `load()`, each name once.
   * State of names that nobody attaches in this run is kept, unread.
   */
  attach(name: string, fold: Fold): Journal;
  /**
   * Opens the directory, takes the lock, restores and replays into the folds. Before the first `append`.
   * The storage extension's `start()` calls it; called again, it gives the same promise.
   * @throws StorageError: it never starts from zero where a store was.
   */
  load(): Promise<void>;
  /**
   * Commits what waits, takes a last snapshot, releases the lock. Safe before `load()`, and twice.
   * @param deadline - ends the last snapshot early, which only makes the next start slower.
   */
  close(deadline?: AbortSignal): Promise<void>;
}

/** Why the store refused or failed. */
export type StorageErrorCode =
  | 'ERR_STORAGE_LOCKED'
  | 'ERR_STORAGE_DAMAGED'
  | 'ERR_STORAGE_FOREIGN'
  | 'ERR_STORAGE_NEWER'
  | 'ERR_STORAGE_READ_ONLY'
  | 'ERR_STORAGE_COMMIT'
  | 'ERR_STORAGE_CLOSED';

/** Says what is wrong, where, and what to do. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}
