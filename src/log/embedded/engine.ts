import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { counted } from '../../telemetry/counted.ts';
import type { Follower, LogEngine, MovedLog, Opened, SnapshotPiece } from '../engine.ts';
import {
  type AppendOptions,
  type Entry,
  type Extent,
  Gap,
  type LogIdentity,
  MAX_RECORD,
  type Position,
} from '../log.ts';
import { notOpen, type StorageError, tooLarge } from '../storage-error.ts';
import { acquireLock } from './acquire-lock.ts';
import { adoptInto } from './adopt.ts';
import { createDirectory, makePrivate, surveyDirectory } from './directory.ts';
import { type Disk, systemDisk, writeWhole } from './disk.ts';
import { damaged, foreign } from './errors.ts';
import { isOurs, isWritten, LOCK, MANIFEST, snapshotPath, snapshotsIn, UNFINISHED } from './layout.ts';
import type { DirectoryLock } from './lock.ts';
import { encodeManifest, readManifest } from './manifest.ts';
import { Mark } from './mark.ts';
import { Note } from './note.ts';
import type { EmbeddedEngineOptions } from './options.ts';
import { readSegments } from './read-segments.ts';
import { Reserve } from './reserve.ts';
import { rewriteSegment } from './rewrite-segment.ts';
import { Segments, type SegmentsOptions } from './segments.ts';
import { readSnapshot, writeSnapshot } from './snapshot-file.ts';
import { Writer } from './writer.ts';

/** The log of one process in plain files of one directory; see layout.ts, frames.ts and docs/adr/0012-plain-files.md. */
export class EmbeddedEngine implements LogEngine {
  readonly directory: string;
  readonly #options: EmbeddedEngineOptions;
  readonly #disk: Disk;
  readonly #mark: Mark;
  readonly #reserve: Reserve;
  #lock: DirectoryLock | undefined;
  #identity: LogIdentity | undefined;
  #segments: Segments | undefined;
  #snapshot: Position | undefined;
  #writer: Writer | undefined;
  #closing: Promise<void> | undefined;
  /** Those who have read to the end. */
  readonly #waiting = new Set<() => void>();
  readonly #note: Note;
  /** What changes files that are there, one after the other. */
  #tidying: Promise<unknown> = Promise.resolve();
  readonly #ending = new AbortController();

  constructor(options: EmbeddedEngineOptions) {
    const { directory, disk = systemDisk } = options;
    this.#options = options;
    this.directory = directory;
    this.#disk = disk;
    this.#mark = new Mark(disk, directory);
    this.#reserve = new Reserve(disk, directory);
    this.#note = new Note(disk, directory);
  }

  get identity(): LogIdentity {
    if (!this.#identity) throw notOpen();
    return this.#identity;
  }

  get extents(): readonly Extent[] {
    return this.#segments?.all ?? [];
  }

  async note(): Promise<Uint8Array | undefined> {
    return this.#note.text;
  }

  get cuttable(): Position {
    return this.#snapshot ?? 0;
  }

  async claim(): Promise<void> {
    const { directory } = this;
    createDirectory(directory);
    // Before anything is written there: a directory of somebody else stays as it is.
    surveyDirectory(directory);
    this.#lock = await acquireLock(directory, this.#options);
  }

  async open(): Promise<Opened> {
    const { directory } = this;
    if (!this.#lock) await this.claim();
    const lock = this.#lock!;
    try {
      const warning = makePrivate(directory);
      if (warning) this.#options.logger.warn(warning);
      for (const name of readdirSync(directory))
        if (UNFINISHED.test(name)) await this.#disk.remove(join(directory, name));
      await this.#note.read();
      const snapshot = await this.#open(lock);
      return { snapshot };
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async adopt(log: MovedLog): Promise<void> {
    const { directory } = this;
    createDirectory(directory);
    surveyDirectory(directory);
    const lock = await acquireLock(directory, this.#options);
    try {
      makePrivate(directory);
      const found = readdirSync(directory).filter((name) => isOurs(name) && isWritten(name) && name !== LOCK);
      if (found.length > 0)
        throw foreign(directory, `holds ${found[0]} already, and a log is taken over into an empty one`);
      await adoptInto(this.#disk, directory, log);
    } finally {
      await lock.release();
    }
  }

  async #open(lock: DirectoryLock): Promise<Opened['snapshot']> {
    const { directory } = this;
    const manifest = readManifest(directory);
    const {
      logId = randomUUID(),
      instanceId = randomUUID(),
      createdAt = this.#options.clock.now(),
    }: Partial<LogIdentity> = manifest ?? {};
    this.#identity = { logId, instanceId, createdAt };
    const options: SegmentsOptions = {
      disk: this.#disk,
      directory,
      lock,
      faults: this.#options.faults,
      announce: (newest) =>
        writeWhole(this.#disk, directory, join(directory, MANIFEST), encodeManifest({ ...this.identity, newest })),
    };
    this.#segments = manifest
      ? await Segments.find(options, logId, manifest.newest)
      : await Segments.begin(options, logId);
    const position = snapshotsIn(readdirSync(directory)).at(-1);
    if ((position ?? 0) + 1 < this.#segments.first)
      throw damaged(directory, `the snapshot before record ${this.#segments.first} is missing`);
    this.#snapshot = position;
    if (position === undefined) return undefined;
    return { position, pieces: readSnapshot(snapshotPath(directory, position), logId, position) };
  }

  async follow(from: Position, follower: Follower): Promise<void> {
    const segments = this.#segments;
    if (!segments) throw notOpen();
    if (from < segments.first) throw new Gap(from, segments.first);
    const { directory } = this;
    const { clock, faults, health, logger, retryInterval = 1000 } = this.#options;
    const torn = await segments.replay(from, this.#mark.read(), (entry) => follower.deliver(entry));
    if (torn > 0)
      logger.warn(`Cut ${counted(torn, 'bytes')} of a commit that had not come to its end off ${segments.newest.path}`);
    for (const old of snapshotsIn(readdirSync(directory)))
      if (old !== this.#snapshot) await this.#disk.remove(snapshotPath(directory, old));
    await this.#fitReserve();
    if (segments.last > 0) this.#mark.move(() => segments.last);
    this.#writer = new Writer({
      directory,
      segment: () => segments.newest,
      follower,
      clock,
      epoch: randomBytes(8).toString('hex'),
      retryInterval,
      faults,
      onCommitted: () => {
        this.#mark.move(() => segments.last);
        this.#wake();
      },
      onFailed(error: StorageError) {
        health.setUnavailable('storage', error.message);
        logger.error({ err: error }, 'The store cannot be written: reports are refused, and their senders keep them');
      },
      onRecovered() {
        health.setAvailable('storage');
        logger.info('The store can be written again');
      },
    });
  }

  append(topic: string, record: Uint8Array, { origin }: AppendOptions = {}): Promise<Position> {
    if (!this.#writer || this.#closing) return Promise.reject(notOpen());
    const bytes = record.length + topic.length;
    if (bytes > MAX_RECORD) return Promise.reject(tooLarge(topic, bytes, MAX_RECORD));
    // No other process writes here: nothing can come between what was expected and this.
    return this.#writer.append({ topic, record }, origin);
  }

  read(from: Position, signal: AbortSignal): AsyncIterable<Entry> {
    if (!this.#segments) throw notOpen();
    return readSegments(this.#segments.all, from, signal, (end) => this.#waitForMore(end));
  }

  seal(): Promise<void> {
    return this.#writer!.run(() => this.#segments!.rotate());
  }

  saveSnapshot(position: Position, pieces: AsyncIterable<SnapshotPiece>): Promise<void> {
    return this.#alone(() => this.#saveSnapshot(position, pieces));
  }

  async #saveSnapshot(position: Position, pieces: AsyncIterable<SnapshotPiece>): Promise<void> {
    const { faults } = this.#options;
    const before = this.#snapshot;
    // One that is older than the newest does not take its place.
    if (before !== undefined && position <= before) return;
    const file = await this.#reserve.open();
    try {
      await writeSnapshot(file, this.identity.logId, position, randomInt(1, 2 ** 32), pieces, () =>
        faults?.('snapshot-piece'),
      );
    } finally {
      await file.close();
    }
    faults?.('before-flip');
    await this.#disk.rename(this.#reserve.path, snapshotPath(this.directory, position));
    await this.#disk.syncDirectory(this.directory);
    faults?.('after-flip');
    this.#snapshot = position;
    // The room of the old one is that of the next.
    if (before !== undefined) await this.#disk.rename(snapshotPath(this.directory, before), this.#reserve.path);
  }

  cut(position: Position): Promise<void> {
    return this.#alone(() => this.#cut(position));
  }

  async #cut(position: Position): Promise<void> {
    const segments = this.#segments;
    if (!segments || !this.#writer) throw notOpen();
    const limit = Math.min(position, this.cuttable);
    await this.#writer.run(async () => {
      if (segments.last <= limit) await segments.rotate();
      await segments.cut(limit);
    });
    await this.#fitReserve();
  }

  rewrite(blank: (entry: Entry) => boolean): Promise<number> {
    return this.#alone(async () => {
      if (!this.#segments || this.#closing) throw notOpen();
      const limit = this.#snapshot ?? 0;
      let entries = 0;
      for (const segment of this.#segments.all.slice(0, -1)) {
        if (segment.last > limit) break;
        const { signal } = this.#ending;
        entries += await rewriteSegment({ disk: this.#disk, directory: this.directory, segment, blank, signal });
        this.#options.faults?.('during-rewrite');
      }
      await this.#reserve.wipe();
      return entries;
    });
  }

  setNote(note: Uint8Array | undefined): Promise<void> {
    return this.#alone(async () => {
      if (this.#closing) throw notOpen();
      await this.#note.write(note);
    });
  }

  async drain(): Promise<void> {
    this.#ending.abort();
    await this.#writer?.drain();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.drain();
    await this.#tidying;
    await this.#mark.close();
    await this.#segments?.close();
    this.#wake();
    await this.#lock?.release();
  }

  /** Two of them would meet in the same files. */
  #alone<Result>(job: () => Promise<Result>): Promise<Result> {
    const done = this.#tidying.then(job);
    this.#tidying = done.catch(() => {});
    return done;
  }

  async #fitReserve(): Promise<void> {
    if (this.#options.wipe) await this.#reserve.wipe().catch(() => {});
    const { directory } = this;
    const size = this.#snapshot === undefined ? 0 : statSync(snapshotPath(directory, this.#snapshot)).size;
    await this.#reserve.fit(size);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  #waitForMore(end: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        end.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      end.addEventListener('abort', done);
    });
  }
}
