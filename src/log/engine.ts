import type { AppendOptions, Entry, Extent, LogIdentity, Position } from './log.ts';

/**
 * What keeps the entries: plain files in a directory (embedded/), memory in tests, a replicated stream. Whoever writes
 * another one passes test/log/contract.ts, which says all that is expected. One engine object is one process's place in a log.
 * A `StorageError` is that of storage-error.ts; of its codes the contract asks for those that are named here.
 */
export interface LogEngine {
  /** Known from `open()` on. @throws StorageError `ERR_STORAGE_CLOSED` before. */
  readonly identity: LogIdentity;
  /** Where the log is on disk, if it is. */
  readonly directory?: string | undefined;
  /**
   * Takes beforehand what `open()` takes otherwise, and only one process can have. Left out by an engine that has nothing of
   * the kind. @throws StorageError as `open()`
   */
  claim?(): Promise<void>;
  /**
   * Opens what is there, or makes a new log; called once.
   * @throws StorageError when it is in use (`ERR_STORAGE_LOCKED`), damaged, not ours, or cannot be written to.
   */
  open(): Promise<Opened>;
  /**
   * Makes a new log that goes on where another one stopped, in place of `open()`. When it resolves the engine is closed, and another one
   * may open it; until then nothing that could be opened is there. Left out by an engine that cannot.
   * @throws StorageError `ERR_STORAGE_FOREIGN` when a log is there already.
   */
  adopt?(log: MovedLog): Promise<void>;
  /**
   * Delivers all entries from a position on, in order: those that are there before it resolves, later ones as they are
   * committed, others' entries as well as our own. Called once, after `open()` and before the first append.
   * @throws Gap when entries from there on are no longer kept.
   */
  follow(from: Position, follower: Follower): Promise<void>;
  /**
   * Resolves when the entry is durable; it may be delivered a moment later, and the record is the caller's again. All entries of
   * all topics have one order, and that is the order of calls among those of one process. A position is given once, also after a
   * start from a snapshot with nothing left behind it.
   * @throws Conflict, if `options.expect` is given: see AppendOptions. Nothing was written.
   * @throws StorageError `ERR_STORAGE_COMMIT`: nothing was delivered, and never will be after a restart but for a crash
   *   at that moment. `ERR_STORAGE_CLOSED`.
   */
  append(topic: string, record: Uint8Array, options?: AppendOptions): Promise<Position>;
  /**
   * Whether a position is that of the topic's last entry, or nothing that came after it is an entry. Left out by an engine that has one writer.
   * @throws StorageError `ERR_STORAGE_COMMIT`: nobody answers.
   */
  isLast?(topic: string, position: Position): Promise<boolean>;
  /**
   * Entries from a position on, in order, then as they come, until the signal is aborted. Entries that go while it reads are given or
   * told as a gap, never skipped; those that are rewritten meanwhile are given overwritten from then on.
   * @throws Gap when what comes next is no longer kept, at the beginning or on the way.
   */
  read(from: Position, signal: AbortSignal): AsyncIterable<Entry>;
  /** What comes from now on lies apart from what is there: a snapshot of a later position makes all of that superfluous. */
  seal(): Promise<void>;
  /**
   * Keeps a snapshot in place of the one before, at once or not at all; does nothing when there is one of that position or a later one.
   * @param pieces - as they are to be had; an error of theirs gives the snapshot up.
   */
  saveSnapshot(position: Position, pieces: AsyncIterable<SnapshotPiece>): Promise<void>;
  /** Up to where a cut may go: what comes after that may be needed for a start. 0 when there is no snapshot. */
  readonly cuttable: Position;
  /** Entries up to here may go, now or later, in whole extents or one by one; none after `cuttable`. */
  cut(position: Position): Promise<void>;
  /**
   * Overwrites something in what is kept, up to the snapshot if the log was sealed there, for readers alone: entries keep their
   * positions, times and lengths. When it resolves, nothing of what was overwritten is left, nor of any snapshot but the newest. An end of the
   * process at any moment leaves each entry as it was or overwritten.
   * @param blank - overwrites it in a record, in place, in the same way each time. @returns whether it was there.
   * @returns how many entries it was in.
   */
  rewrite(blank: (entry: Entry) => boolean): Promise<number>;
  /** A note apart from the log that outlives the process; undefined when there is none. From `open()` on. */
  note(): Promise<Uint8Array | undefined>;
  /** Keeps it, in place of the one before; undefined: nothing of that one is left when it resolves. */
  setNote(note: Uint8Array | undefined): Promise<void>;
  /** What is kept, oldest first, in the parts in which it can go: each position in one of them. Known from `follow()` on. */
  readonly extents: readonly Extent[];
  /** Takes no more appends, and waits for those that were made. A snapshot and a cut may follow, then `close()`. */
  drain(): Promise<void>;
  /** Commits what was appended and lets go of everything. Safe before `open()`, and twice. */
  close(): Promise<void>;
}

export interface Opened {
  /** The newest snapshot. */
  readonly snapshot: { readonly position: Position; readonly pieces: Iterable<SnapshotPiece> } | undefined;
}

/** A whole log, on its way to another engine. */
export interface MovedLog {
  readonly identity: LogIdentity;
  readonly snapshot: Opened['snapshot'];
  /** No entry is before this position; where some are missing after it, nothing is. */
  readonly first: Position;
  /** From there to the end, in order. */
  readonly entries: AsyncIterable<Entry>;
}

export interface Follower {
  /** In order, each once, synchronously between two commits. Must not throw. */
  deliver(entry: Entry): void;
  /** There is no room for more: a snapshot and a cut would make some. */
  full?(): void;
}

export interface SnapshotPiece {
  /** 0 to 254: what the bytes are to whoever wrote them. */
  readonly kind: number;
  /** At most 1 MiB; good until the next piece is asked for. */
  readonly bytes: Uint8Array;
}
