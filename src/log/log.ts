/**
 * What the log is to those who write into it and fold it. Everything durable is an entry of one log; all state in memory
 * is a deterministic fold over those entries, started from the newest snapshot. The engine beneath is of engine.ts.
 */

/** A point in the one order over all topics of a log: a whole number from 1, rising. 0 is before the first entry. */
export type Position = number;

/** Who the log is; given once, and kept over restarts, upgrades and moves. */
export interface LogIdentity {
  /** A UUID of the log itself: the same for every process that works on it. */
  readonly logId: string;
  /** A UUID of this process's place in it, the service's `service.instance.id`. */
  readonly instanceId: string;
  /** When the log was made, ms since the epoch: the start time of every durable total. */
  readonly createdAt: number;
}

export interface Entry {
  readonly position: Position;
  /** When it was committed, ms since the epoch, by the engine's clock. A fold may use it: it is the same in every replay. */
  readonly time: number;
  /**
   * 16 hexadecimal digits, drawn at random whenever a process opens the log: with the position it names the entry, even beside
   * one of a restored backup, or of a copy that went its own way.
   */
  readonly epoch: string;
  /** `ledger`, `couic/NAME`, `exporter/ID`, `receiver/ID`, `reader/NAME`. */
  readonly topic: string;
  /** Good until `apply` returns, or until the next entry is asked for: who keeps it copies it. */
  readonly record: Uint8Array;
  /** What an append of this process gave beside the record, so that nothing is decoded twice; else undefined. */
  readonly origin?: unknown;
}

/** A run of entries that goes as one. */
export interface Extent {
  readonly first: Position;
  readonly last: Position;
  readonly bytes: number;
  /** When its last entry was committed, ms since the epoch. */
  readonly time: number;
}

/** What is to be found nowhere any more. What it is, folds know that kept it in another form than text. */
export interface Erasure {
  /** Whether it may be a word of ours as well: then text that is read again is left alone. */
  readonly isWord: boolean;
  /** Overwrites it wherever it stands in text, in place. @returns whether it did. */
  scrub(text: Uint8Array): boolean;
}

/** State that is a fold over the entries of its topics. */
export interface Fold {
  /**
   * Applies one entry that is on disk. Deterministic: the same entries in the same order give the same state, so it reads
   * no clock and no randomness, and it must not throw on an entry that it wrote itself.
   */
  apply(entry: Entry): void;
  /**
   * The state as of this call, as pieces of at most 1 MiB each (the buffers belong to the log until the iterator moves on).
   * Entries may be applied between two pieces; the pieces still describe the moment of the call: a plain generator
   * function, which runs only from the first `next()` on, is too late. `return` is called when a snapshot is given up.
   */
  snapshot(): Iterable<Uint8Array>;
  /**
   * Takes it out of the state, at once: a snapshot of that follows before anything else is applied, and nothing from before
   * is applied again. Left out by a fold that has nothing of the kind.
   */
  erase?(what: Erasure): void;
  /**
   * Overwrites it in an entry that only readers will be given, in place; they must be able to tell what is left of it.
   * @returns whether it was there. @default the record is text
   */
  blank?(entry: Entry, what: Erasure): boolean;
  /** Takes the pieces of one `snapshot()`, in order, before any `apply`; each is good until the next one is asked for. Called at most once, on a new fold. */
  restore(pieces: Iterable<Uint8Array>): void;
}

export interface AppendOptions {
  /**
   * The topic's last position that this process had folded when it made up its mind (`Topic.last`), never one that was
   * asked of the engine. When anybody else's entry came to the topic since, the append is refused with `Conflict`.
   * This process's own appends to the topic that are under way do not conflict: it knows of them. Without it, the append is unconditional.
   */
  readonly expect?: Position | undefined;
  /** Comes back as `Entry.origin` in this process; never written. */
  readonly origin?: unknown;
  /** Whoever it is from keeps it when it is refused: so it is refused while there is still room for what makes more of it. */
  readonly canWait?: true;
}

/** Where the entries of one topic are written. */
export interface Topic {
  readonly name: string;
  /** Position of its last entry that this process has folded; 0 when there is none. */
  readonly last: Position;
  /**
   * Writes one atomic entry: what must be together is one record. Resolves once it is on disk and folded. Appends are
   * folded in the order of their calls; those made while a commit is under way share the next one.
   * @param record - at most `MAX_RECORD` bytes; the log's until the promise settles.
   * @throws Conflict: another process was first; nothing was written.
   * @throws StorageError `ERR_STORAGE_COMMIT`, `ERR_STORAGE_CLOSED`: nothing was folded, and the caller may try again.
   */
  append(record: Uint8Array, options?: AppendOptions): Promise<Position>;
}

/** What is kept for a reader that lags: at most so old, and so much. What a bound takes is logged. */
export interface Retention {
  /** Milliseconds. */
  readonly maxAge: number;
  /** Of the log, other topics' entries included. */
  readonly maxBytes: number;
  /** The bounds took what the reader had not passed. @param positions - how many. */
  readonly onDropped?: (positions: number) => void;
}

/** Reads the log beside the folds, with a durable cursor: what it has not passed is kept for it, within bounds. */
export interface Reader {
  /** It has passed everything up to here. */
  readonly position: Position;
  /** Entries of the log after that. */
  readonly behind: number;
  /**
   * Entries after `position`, in order, then as they come, until the signal is aborted.
   * @throws Gap when what comes next is no longer kept. `retain(gap.first - 1)` accepts the loss.
   */
  read(signal: AbortSignal): AsyncIterable<Entry>;
  /** Passes everything up to a position, durably. Never back. */
  retain(position: Position): Promise<void>;
  /**
   * Calls back when something was taken out of entries that were read already: whoever still holds anything of those after
   * `position` lets go of it, and reads them again.
   */
  onErased(listener: () => void): void;
}

/** The log of a service. Everything is registered, then `load()`ed; before that nothing is read or written. */
export interface Log {
  /** Known once `load()` has resolved; throws `ERR_STORAGE_CLOSED` before. */
  readonly identity: LogIdentity;
  /** Where the log is on disk, when it is in a directory: operators' sockets stand there too. */
  readonly directory: string | undefined;
  /**
   * Registers a fold under a stable name (`ledger`, `exporter/crowdsec/edge`), before `load()`, each name once. It gets the
   * entries of the topic of that name, and of all topics under the given prefixes. State of names that nobody attaches in
   * this run is kept, unread.
   *
   * After `load()`, without prefixes, the new fold takes the place of the one that had the name: what that one had folded,
   * or what was kept for the name, is the new one's when this returns. Nobody appends to the topic by the old one any more.
   */
  attach(name: string, fold: Fold, prefixes?: readonly string[]): void;
  /** Nobody attends to this name any more: its state is kept, unread. */
  detach(name: string): void;
  /**
   * A configured reader, before `load()`, or after it until the next `settle()`. A new one starts at the end; one that is not
   * asked for any more keeps nothing.
   * @param retention - bounds of what is kept for it. @default 168 h and 1 GiB
   */
  reader(name: string, retention?: Retention): Reader;
  /** Nobody reads by this name any more, unless it is asked for again before `settle()`, which goes on where this one stood. */
  release(name: string): void;
  /** Writes down where new readers begin, and that those which were released keep nothing. `load()` does it too. */
  settle(): Promise<void>;
  topic(name: string): Topic;
  /**
   * Whether nobody has written to a topic what is not folded here: asked of whoever decides that, where several processes share the log.
   * @throws StorageError `ERR_STORAGE_COMMIT`: nobody answers.
   */
  isCurrent(topic: string): Promise<boolean>;
  /** What is kept, oldest first, in the parts in which it can go. */
  readonly extents: readonly Extent[];
  /** Entries of all topics from a position on, in order, then as they come, until the signal is aborted. @throws Gap */
  read(from: Position, signal: AbortSignal): AsyncIterable<Entry>;
  /**
   * Takes something out of all that is kept: of the state of all folds, of which a snapshot is taken, and of the entries that
   * readers still need. Everything before that snapshot goes.
   * @param note - to finish it by, when the process ends before it is done: see `unfinished`. It is kept until then.
   * @returns how many entries it was in, and the folds in whose state its text is all the same.
   * @throws StorageError: begun and not finished; it may be tried again.
   */
  erase(what: Erasure, note: Uint8Array): Promise<{ readonly entries: number; readonly stillIn: readonly string[] }>;
  /** The note of an erasure that a process before, or another one, did not finish. Once `load()` has resolved. */
  unfinished(): Promise<Uint8Array | undefined>;
  /**
   * Opens the log, restores and replays into the folds. Before the first append. Called again, it gives the same promise.
   * @throws StorageError: it never starts from zero where a log was.
   */
  load(): Promise<void>;
  /**
   * Commits what waits, takes a last snapshot, lets go. Safe before `load()`, and twice.
   * @param deadline - ends the last snapshot early, which only makes the next start slower.
   */
  close(deadline?: AbortSignal): Promise<void>;
}

/** Bytes of a record with its topic's name and what frames it: an entry is a message of at most 1 MiB in any engine. */
export const MAX_RECORD = 1024 * 1024 - 1024;

/** Another process has written to the topic since. It is folded here as well by now: look again, and decide anew. */
export class Conflict extends Error {
  readonly topic: string;
  readonly expected: Position;
  /** Of the topic's last entry when the append was refused. */
  readonly found: Position;

  constructor(topic: string, expected: Position, found: Position) {
    super(`another process has written to ${topic} after position ${expected}`);
    this.name = 'Conflict';
    this.topic = topic;
    this.expected = expected;
    this.found = found;
  }
}

/** What was asked for is no longer kept: nothing is skipped silently. */
export class Gap extends Error {
  readonly from: Position;
  /** The first position that is still there. */
  readonly first: Position;

  constructor(from: Position, first: Position) {
    super(`the log begins at position ${first}; entries from ${from} on are no longer kept`);
    this.name = 'Gap';
    this.from = from;
    this.first = first;
  }
}
