import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { counted } from '../telemetry/counted.ts';
import type { Follower, LogEngine, SnapshotPiece } from './engine.ts';
import {
  type AppendOptions,
  Conflict,
  type Entry,
  type Erasure,
  type Extent,
  type Fold,
  type Log,
  type LogIdentity,
  type Position,
  type Reader,
  type Retention,
  type Topic,
} from './log.ts';
import { encodeCursor, READER_PREFIX, Readers } from './readers.ts';
import { KeptFold, piecesOf, restoreFold, restoreSections, snapshotSections } from './snapshot-sections.ts';
import { notOpen, StorageError } from './storage-error.ts';

export interface LogRunnerOptions {
  readonly engine: LogEngine;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** A snapshot is taken once the log is longer than this, and than the last one: so both writing and restarting stay cheap. Bytes of records. @default 16 MiB */
  readonly minimumLogBytes?: number;
  /** A snapshot is taken so often that no entry is in the log for longer, ms, but what readers need. @default it goes by size alone */
  readonly maxAge?: number | undefined;
  /** Whether this bridge takes snapshots, cuts the log, and says which readers there are: of several on a log, one does. @default always */
  readonly tends?: () => boolean;
  /** Another bridge has taken something out of all that is kept, and this one's folds still hold it: they must be begun anew. */
  readonly onErasedElsewhere?: () => void;
}

interface SnapshotPace {
  /** How long commits are left alone after each write, as a multiple of the time that the write took. */
  readonly rest: number;
  /** When it is aborted, the snapshot is given up. */
  readonly deadline?: AbortSignal | undefined;
  /** What is to be in it no more. */
  readonly what?: Erasure;
  /** Text of that is in the state of a fold all the same. */
  readonly onFound?: (fold: string) => void;
}

const MIB = 1024 * 1024;
/** While there are commits. */
const REST = 6;
/** Part of `maxAge` after which a snapshot is begun: it takes a while. */
const AGED = 0.9;
/** Tells all bridges of an erasure: its record is the position of the snapshot that has it no more. */
const ERASED_TOPIC = 'erased';
/** Between two snapshots that are to make room, ms. */
const FULL_INTERVAL = 10_000;

/** Runs the folds of a log over an engine: it alone applies entries, in order, and takes their snapshots. */
export class LogRunner implements Log {
  readonly #options: LogRunnerOptions;
  readonly #engine: LogEngine;
  readonly #folds = new Map<string, Fold>();
  readonly #prefixes: [prefix: string, fold: Fold][] = [];
  readonly #readers = new Readers();
  /** By topic: its fold, and the last position that was folded. */
  readonly #topics = new Map<string, RunningTopic>();
  readonly #waiting: { position: Position; resolve: () => void; reject: (error: unknown) => void }[] = [];
  #position: Position = 0;
  #loading: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #isOpen = false;
  /** A fold threw: memory no longer follows the log. */
  #lost: StorageError | undefined;
  /** Bytes of records since the last snapshot, and what there must be for another one. */
  #logBytes = 0;
  #threshold: number;
  #snapshotAt: Position = 0;
  /** The folds were begun with a snapshot of there. */
  #restoredAt: Position = 0;
  #snapshotting: Promise<void> | undefined;
  /** When the first entry came that no snapshot holds, by the monotonic clock. */
  #oldest: number | undefined;
  #erasing: Promise<unknown> = Promise.resolve();
  /** By reader. */
  readonly #onErased = new Map<string, Set<() => void>>();
  #aging: NodeJS.Timeout | undefined;
  #fullAt = Number.NEGATIVE_INFINITY;
  /** Aborted to let a snapshot under way go on without rests. */
  readonly #hurry = new AbortController();

  constructor(options: LogRunnerOptions) {
    this.#options = options;
    this.#engine = options.engine;
    this.#threshold = this.#minimum;
  }

  get identity(): LogIdentity {
    return this.#engine.identity;
  }

  get directory(): string | undefined {
    return this.#engine.directory;
  }

  /** Of the last entry that was folded: between two turns of the event loop the folds stand exactly there. */
  get position(): Position {
    return this.#position;
  }

  attach(name: string, fold: Fold, prefixes: readonly string[] = []): void {
    if (this.#isOpen && prefixes.length === 0) {
      this.#replace(name, fold, (old) => {
        if (old instanceof KeptFold) old.handOver(fold);
        else restoreFold(fold, piecesOf(old));
      });
      return;
    }
    if (this.#loading || this.#closing) throw new Error(`fold ${name} was attached after the log was loaded`);
    if (this.#folds.has(name)) throw new Error(`fold ${name} was attached twice`);
    this.#folds.set(name, fold);
    for (const prefix of prefixes) this.#prefixes.push([prefix, fold]);
  }

  detach(name: string): void {
    const kept = new KeptFold();
    if (this.#folds.get(name) instanceof KeptFold) return;
    this.#replace(name, kept, (old) => kept.restore(piecesOf(old)));
  }

  /** In one turn of the event loop, so that no entry comes between. A snapshot under way goes on with the old one, which stays as it is. */
  #replace(name: string, fold: Fold, handOver: (old: Fold) => void): void {
    const old = this.#folds.get(name);
    if (old) handOver(old);
    this.#folds.set(name, fold);
    for (const topic of this.#topics.values()) if (topic.fold === old) topic.fold = undefined;
  }

  reader(name: string, retention?: Retention): Reader {
    if ((this.#loading && !this.#isOpen) || this.#closing)
      throw new Error(`reader ${name} was asked for while the log is being loaded, or after its end`);
    this.#readers.configure(name, retention);
    const listeners = new Set<() => void>();
    this.#onErased.set(name, listeners);
    const positionOf = () => this.#readers.positionOf(name) ?? this.#position;
    const behind = () => this.#position - positionOf();
    return {
      get position() {
        return positionOf();
      },
      get behind() {
        return behind();
      },
      read: (signal) => this.#engine.read(positionOf() + 1, signal),
      retain: (position) => this.#retain(name, position),
      onErased: (listener) => void listeners.add(listener),
    };
  }

  release(name: string): void {
    this.#readers.release(name);
    this.#onErased.delete(name);
  }

  async settle(): Promise<void> {
    this.#readers.settle();
    if (this.#tends) await this.#settleReaders();
  }

  topic(name: string): Topic {
    return this.#topic(name);
  }

  async isCurrent(topic: string): Promise<boolean> {
    return (await this.#engine.isLast?.(topic, this.#topic(topic).last)) ?? true;
  }

  get extents(): readonly Extent[] {
    return this.#engine.extents;
  }

  read(from: Position, signal: AbortSignal): AsyncIterable<Entry> {
    return this.#engine.read(from, signal);
  }

  unfinished(): Promise<Uint8Array | undefined> {
    return this.#engine.note();
  }

  erase(what: Erasure, note: Uint8Array): Promise<{ entries: number; stillIn: readonly string[] }> {
    const done = this.#erasing.then(() => this.#erase(what, note));
    this.#erasing = done.catch(() => {});
    return done;
  }

  async #erase(what: Erasure, note: Uint8Array): Promise<{ entries: number; stillIn: readonly string[] }> {
    if (!this.#tends)
      throw new StorageError(
        'ERR_STORAGE_LOCKED',
        'only the bridge that has the lease of this log can erase: "doctor" says which one has, and there it is to be asked for',
      );
    await this.#engine.setNote(note);
    const stillIn = await this.#snapshotWithout(what);
    const entries = await this.#engine.rewrite((entry) => this.#blank(entry, what));
    for (const listeners of this.#onErased.values()) for (const listener of listeners) listener();
    if (this.#options.onErasedElsewhere) {
      this.#restoredAt = this.#snapshotAt;
      await this.topic(ERASED_TOPIC).append(Buffer.from(String(this.#snapshotAt)));
    }
    await this.#engine.setNote(undefined);
    return { entries, stillIn };
  }

  /** @returns the folds in whose state its text is all the same. */
  async #snapshotWithout(what: Erasure): Promise<readonly string[]> {
    do {
      // It says nothing: so that the snapshot has a position of its own, though nothing came since the last one. It may begin one itself.
      await this.topic(`${READER_PREFIX}erasure`).append(encodeCursor(null));
      while (this.#snapshotting) await this.#snapshotting;
    } while (this.#position === this.#snapshotAt);
    const before = this.#snapshotAt;
    const stillIn = new Set<string>();
    this.#beginSnapshot({ rest: 0, what, onFound: (name) => stillIn.add(name) });
    await this.#snapshotting;
    if (this.#snapshotAt > before) return [...stillIn];
    throw new StorageError(
      'ERR_STORAGE_COMMIT',
      'no snapshot could be taken, so nothing could be let go of; the log of the bridge says why. It is tried again at the next start',
    );
  }

  #blank(entry: Entry, what: Erasure): boolean {
    if (entry.topic.startsWith(READER_PREFIX) || entry.topic === ERASED_TOPIC) return false;
    const fold = this.#foldOf(entry.topic);
    return fold.blank?.(entry, what) ?? what.scrub(entry.record);
  }

  #topic(name: string): RunningTopic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = new RunningTopic(name, (record, options) => this.#append(name, record, options));
      this.#topics.set(name, topic);
    }
    return topic;
  }

  load(): Promise<void> {
    if (this.#closing) return Promise.reject(notOpen());
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<void> {
    const { snapshot } = await this.#engine.open();
    try {
      if (snapshot) this.#restore(snapshot.position, snapshot.pieces);
      const follower: Follower = {
        deliver: (entry) => this.#deliver(entry),
        full: () => this.#makeRoom(),
      };
      await this.#engine.follow(this.#position + 1, follower);
      if (this.#lost) throw this.#lost;
      this.#isOpen = true;
      if (this.#tends) await this.#settleReaders();
      this.#watchAge();
    } catch (error) {
      this.#isOpen = false;
      await this.#engine.close();
      throw error;
    }
  }

  #restore(position: Position, pieces: Iterable<SnapshotPiece>): void {
    let bytes = 0;
    const counted = (function* () {
      for (const piece of pieces) {
        bytes += piece.bytes.length;
        yield piece;
      }
    })();
    const { topics, readers } = restoreSections(counted, (name) => this.#foldOf(name));
    for (const [name, last] of topics) this.#topic(name).last = last;
    this.#readers.restore(readers);
    this.#position = position;
    this.#snapshotAt = position;
    this.#restoredAt = position;
    this.#threshold = Math.max(this.#minimum, bytes);
  }

  /** The fold of a name or of a topic; of those that nobody attached, one that keeps them. */
  #foldOf(name: string): Fold {
    let fold = this.#folds.get(name) ?? this.#prefixes.find(([prefix]) => name.startsWith(prefix))?.[1];
    if (fold === undefined) {
      fold = new KeptFold();
      this.#folds.set(name, fold);
    }
    return fold;
  }

  #deliver(entry: Entry): void {
    if (this.#lost) return;
    const topic = this.#topic(entry.topic);
    try {
      if (entry.topic.startsWith(READER_PREFIX)) this.#readers.apply(entry);
      else if (entry.topic === ERASED_TOPIC) this.#erasedElsewhere(entry);
      else {
        topic.fold ??= this.#foldOf(entry.topic);
        topic.fold.apply(entry);
      }
    } catch (error) {
      this.#lose(error);
      return;
    }
    topic.last = entry.position;
    this.#position = entry.position;
    this.#oldest ??= this.#cameAt(entry);
    while (this.#waiting.length > 0 && this.#waiting[0]!.position <= entry.position) this.#waiting.shift()!.resolve();
    this.#logBytes += entry.record.length;
    if (this.#logBytes > this.#threshold && this.#isOpen) this.#beginSnapshot();
  }

  #erasedElsewhere({ record }: Entry): void {
    if (Number(Buffer.from(record).toString('latin1')) > this.#restoredAt) this.#options.onErasedElsewhere?.();
  }

  #lose(cause: unknown): void {
    this.#lost = new StorageError(
      'ERR_STORAGE_COMMIT',
      'a record that is on disk could not be applied, so memory and disk disagree; restart the bridge',
      { cause },
    );
    for (const { reject } of this.#waiting.splice(0)) reject(this.#lost);
  }

  async #append(name: string, record: Uint8Array, options?: AppendOptions): Promise<Position> {
    if (this.#lost) throw this.#lost;
    if (!this.#isOpen || this.#closing) throw notOpen();
    try {
      const position = await this.#engine.append(name, record, options);
      if (position > this.#position) await this.#folded(position);
      return position;
    } catch (error) {
      // Whoever looks again must see what was first.
      if (error instanceof Conflict && error.found > this.#position) await this.#folded(error.found);
      throw error;
    }
  }

  #folded(position: Position): Promise<void> {
    if (this.#lost) return Promise.reject(this.#lost);
    return new Promise((resolve, reject) => {
      const at = this.#waiting.findIndex((other) => other.position > position);
      this.#waiting.splice(at === -1 ? this.#waiting.length : at, 0, { position, resolve, reject });
    });
  }

  /** Gives new readers their start, which is the end, and takes it from those that are no longer configured. */
  async #settleReaders(): Promise<void> {
    const cursors = this.#readers.fresh.map((name): [string, Position | null] => [name, this.#position]);
    for (const name of this.#readers.gone) {
      this.#options.logger.warn(`The log keeps nothing for ${name} any more: it is not configured`);
      cursors.push([name, null]);
    }
    for (const [name, position] of cursors) await this.topic(READER_PREFIX + name).append(encodeCursor(position));
  }

  async #retain(name: string, position: Position): Promise<void> {
    await this.topic(READER_PREFIX + name).append(encodeCursor(Math.min(position, this.#position)));
    if (!this.#snapshotting) await this.#cut();
  }

  /** Lets go of what no fold and no reader needs, and of what the bounds take from readers. */
  async #cut(): Promise<void> {
    const { clock, logger } = this.#options;
    const kept = this.#engine.extents[0];
    if (!this.#tends) return;
    const cut = this.#readers.cut(this.#engine.extents, this.#engine.cuttable, clock.now());
    if (!kept || kept.last > cut) return;
    await this.#engine.cut(cut);
    for (const { name, passed, retention } of this.#readers.behind(cut)) {
      const positions = cut - Math.max(passed, kept.first - 1);
      if (positions <= 0) continue;
      logger.warn(
        `${name} lags too far behind: ${counted(positions, 'entries of the log that it has not read were', 'entry of the log that it has not read was')} let go of`,
      );
      retention.onDropped?.(positions);
    }
  }

  get #tends(): boolean {
    return this.#options.tends?.() ?? true;
  }

  get #minimum(): number {
    return this.#options.minimumLogBytes ?? 16 * MIB;
  }

  /** Nothing of an entry's own time is believed while the bridge runs: the host's clock may step. */
  #cameAt({ time }: Entry): number {
    const { clock } = this.#options;
    return this.#isOpen ? clock.monotonic() : clock.monotonic() - Math.max(0, clock.now() - time);
  }

  #watchAge(): void {
    const { maxAge, clock } = this.#options;
    if (maxAge === undefined) return;
    const look = () => {
      if (this.#oldest !== undefined && clock.monotonic() - this.#oldest >= maxAge * AGED) this.#beginSnapshot();
      else if (!this.#snapshotting) void this.#cut().catch(() => {});
    };
    this.#aging = setInterval(look, Math.min(Math.max(maxAge / 20, 1000), 60_000)).unref();
    look();
  }

  /** The disk is full: a snapshot goes into the room that was kept for it, and the log before it away. */
  #makeRoom(): void {
    const now = this.#options.clock.monotonic();
    if (now - this.#fullAt < FULL_INTERVAL || this.#position === this.#snapshotAt) return;
    this.#fullAt = now;
    // What a reader has still to read goes with no snapshot.
    const { extents, cuttable } = this.#engine;
    if (this.#readers.cut(extents, this.#position, this.#options.clock.now()) <= cuttable) return;
    this.#beginSnapshot({ rest: 0 });
  }

  #beginSnapshot(how: SnapshotPace = { rest: REST }): void {
    if (this.#snapshotting || this.#hurry.signal.aborted || !this.#tends) return;
    this.#snapshotting = this.#takeSnapshot(how).finally(() => {
      this.#snapshotting = undefined;
    });
  }

  async #takeSnapshot(pace: SnapshotPace): Promise<void> {
    // Where there is no room for that, the snapshot makes some all the same.
    await this.#engine.seal().catch(() => {});
    const oldest = this.#oldest;
    this.#oldest = undefined;
    const position = this.#position;
    const logBytes = this.#logBytes;
    if (pace.what) for (const fold of this.#folds.values()) fold.erase?.(pace.what);
    const topics = [...this.#topics.values()].map(({ name, last }) => [name, last] as const);
    const source = snapshotSections({ topics, readers: this.#readers.save() }, this.#folds, (name, piece) => {
      if (pace.what?.scrub(new Uint8Array(piece))) pace.onFound?.(name);
    });
    const written = { bytes: 0 };
    try {
      await this.#engine.saveSnapshot(position, this.#paced(source, written, pace));
      this.#snapshotAt = position;
      this.#logBytes -= logBytes;
      this.#threshold = Math.max(this.#minimum, written.bytes);
      await this.#cut();
    } catch (error) {
      // After a failure, not every record tries again.
      this.#threshold = this.#logBytes + this.#minimum;
      this.#oldest = oldest ?? this.#oldest;
      if (!pace.deadline?.aborted)
        this.#options.logger.warn(
          { err: error },
          'A snapshot of the store was given up; the log goes on growing until the next one',
        );
    } finally {
      source.return?.();
    }
  }

  /** Commits have the time between two pieces to themselves. */
  async *#paced(
    source: Iterator<SnapshotPiece>,
    written: { bytes: number },
    { rest, deadline }: SnapshotPace,
  ): AsyncGenerator<SnapshotPiece> {
    const { clock } = this.#options;
    const { signal } = this.#hurry;
    for (;;) {
      deadline?.throwIfAborted();
      const start = clock.monotonic();
      const next = source.next();
      if (next.done) return;
      written.bytes += next.value.bytes.length;
      yield next.value;
      const pause = (clock.monotonic() - start) * rest;
      if (pause > 0 && !signal.aborted) await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  close(deadline?: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  async #close(deadline: AbortSignal | undefined): Promise<void> {
    await this.#loading?.catch(() => {});
    // What was claimed and never opened is let go of.
    if (!this.#isOpen) return this.#engine.close();
    clearInterval(this.#aging);
    this.#hurry.abort();
    await this.#engine.drain();
    await this.#snapshotting;
    if (this.#position > this.#snapshotAt && !this.#lost && !deadline?.aborted && this.#tends)
      await this.#takeSnapshot({ rest: 0, deadline });
    this.#isOpen = false;
    await this.#engine.close();
    for (const { reject } of this.#waiting.splice(0)) reject(notOpen());
  }
}

class RunningTopic implements Topic {
  readonly name: string;
  last: Position = 0;
  fold: Fold | undefined;
  readonly append: Topic['append'];

  constructor(name: string, append: Topic['append']) {
    this.name = name;
    this.append = append;
  }
}
