import { randomBytes } from 'node:crypto';
import type { Follower, LogEngine, Opened, SnapshotPiece } from '../../src/log/engine.ts';
import {
  type AppendOptions,
  Conflict,
  type Entry,
  type Extent,
  Gap,
  type LogIdentity,
  MAX_RECORD,
  type Position,
} from '../../src/log/log.ts';
import { notOpen, StorageError, tooLarge } from '../../src/log/storage-error.ts';

/** What several engines share: a log in memory, which outlives them. */
export class MemoryLog {
  readonly entries: Entry[];
  /** Of the first that is kept. */
  first: Position;
  last: Position;
  snapshot: { position: Position; pieces: SnapshotPiece[] } | undefined;
  note: Uint8Array | undefined;
  readonly topics = new Map<string, Position>();
  readonly listeners = new Set<() => void>();
  readonly #writers = new Map<Position, object>();
  readonly logId = '00000000-0000-4000-8000-000000000000';
  createdAt = 0;
  /** Of each process that works on it now: the next one takes the first that is free. */
  readonly #places: boolean[] = [];

  constructor(entries: Entry[] = []) {
    this.entries = entries;
    this.first = entries[0]?.position ?? 1;
    this.last = entries.at(-1)?.position ?? 0;
    for (const { topic, position } of entries) this.topics.set(topic, position);
  }

  /** As a process that ends now leaves it. */
  copy(): MemoryLog {
    const copy = new MemoryLog([...this.entries]);
    copy.first = this.first;
    copy.last = this.last;
    copy.snapshot = this.snapshot;
    copy.note = this.note;
    for (const [topic, position] of this.topics) copy.topics.set(topic, position);
    return copy;
  }

  push(topic: string, record: Uint8Array, time: number, by: { readonly epoch: string }): Position {
    const position = ++this.last;
    this.entries.push({ position, time, epoch: by.epoch, topic, record: new Uint8Array(record) });
    this.topics.set(topic, position);
    this.#writers.set(position, by);
    return position;
  }

  /** Whether anybody else has written to a topic after a position. */
  hasOthers(topic: string, after: Position, by: object): boolean {
    return this.entries.some(
      (entry) => entry.position > after && entry.topic === topic && this.#writers.get(entry.position) !== by,
    );
  }

  /** @returns which one; 0 is the first. */
  takePlace(): number {
    const free = this.#places.indexOf(false);
    const place = free === -1 ? this.#places.length : free;
    this.#places[place] = true;
    return place;
  }

  leavePlace(place: number): void {
    this.#places[place] = false;
  }

  announce(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

export interface MemoryEngineOptions {
  /** Runs before each step that a process could end at. */
  readonly onStep?: ((step: string) => void) | undefined;
  /** How long an append takes, and what fails it. */
  readonly commit?: () => Promise<void>;
  /** Runs between the commit and its delivery. */
  readonly afterCommit?: () => Promise<void>;
  readonly now?: () => number;
  /** Whether bridges share it: what they take for granted is then less. */
  readonly isShared?: boolean;
}

/**
 * An engine in memory that commits like the real ones: later, in order, all or nothing. Several may share a log, and then
 * one is told that another was first.
 */
export class MemoryEngine implements LogEngine {
  readonly log: MemoryLog;
  readonly directory = undefined;
  readonly isLast?: NonNullable<LogEngine['isLast']>;
  readonly epoch = randomBytes(8).toString('hex');
  readonly #options: MemoryEngineOptions;
  #delivered: Position = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #origins = new Map<Position, unknown>();
  #unfollow: () => void = () => {};
  #place: number | undefined;
  #instanceId: string | undefined;
  #state: 'new' | 'open' | 'draining' | 'closed' = 'new';

  constructor(log = new MemoryLog(), options: MemoryEngineOptions = {}) {
    this.log = log;
    this.#options = options;
    if (options.isShared) this.isLast = async (topic, position) => (this.log.topics.get(topic) ?? 0) <= position;
  }

  get identity(): LogIdentity {
    if (this.#instanceId === undefined) throw notOpen();
    const { logId, createdAt } = this.log;
    return { logId, instanceId: this.#instanceId, createdAt };
  }

  get extents(): readonly Extent[] {
    return this.log.entries.map(({ position, record, time }) => ({
      first: position,
      last: position,
      bytes: record.length,
      time,
    }));
  }

  get cuttable(): Position {
    return this.log.snapshot?.position ?? 0;
  }

  async open(): Promise<Opened> {
    this.#state = 'open';
    this.#place = this.log.takePlace();
    this.#instanceId = `00000000-0000-4000-8000-${`${this.#place}`.padStart(12, '0')}`;
    if (this.log.createdAt === 0) this.log.createdAt = this.#options.now?.() ?? 1;
    return { snapshot: this.log.snapshot };
  }

  async follow(from: Position, follower: Follower): Promise<void> {
    if (from < this.log.first) throw new Gap(from, this.log.first);
    this.#delivered = from - 1;
    const deliver = () => {
      if (this.#state === 'closed') return;
      for (const entry of this.log.entries.slice(Math.max(0, this.#delivered + 1 - this.log.first))) {
        this.#delivered = entry.position;
        const origin = this.#origins.get(entry.position);
        this.#origins.delete(entry.position);
        follower.deliver(origin === undefined ? entry : { ...entry, origin });
      }
    };
    deliver();
    this.log.listeners.add(deliver);
    this.#unfollow = () => this.log.listeners.delete(deliver);
  }

  append(topic: string, record: Uint8Array, { expect, origin }: AppendOptions = {}): Promise<Position> {
    if (this.#state !== 'open') return Promise.reject(notOpen());
    const bytes = record.length + topic.length;
    if (bytes > MAX_RECORD) return Promise.reject(tooLarge(topic, bytes, MAX_RECORD));
    this.#options.onStep?.('requested');
    const done = this.#queue.then(async () => {
      try {
        await this.#options.commit?.();
        this.#options.onStep?.('before-commit');
      } catch (cause) {
        if (cause instanceof StorageError) throw cause;
        throw new StorageError('ERR_STORAGE_COMMIT', (cause as Error).message, { cause });
      }
      if (expect !== undefined && this.log.hasOthers(topic, expect, this))
        throw new Conflict(topic, expect, this.log.topics.get(topic) ?? 0);
      const position = this.log.push(topic, record, this.#options.now?.() ?? Date.now(), this);
      if (origin !== undefined) this.#origins.set(position, origin);
      await this.#options.afterCommit?.();
      this.log.announce();
      this.#options.onStep?.('after-commit');
      return position;
    });
    this.#queue = done.catch(() => {});
    return done;
  }

  async *read(from: Position, signal: AbortSignal): AsyncGenerator<Entry, void> {
    for (let next = from; !signal.aborted; next++) {
      while (next > this.log.last && !signal.aborted) await this.#more(signal);
      if (signal.aborted) return;
      if (next < this.log.first) throw new Gap(next, this.log.first);
      yield this.log.entries[next - this.log.first]!;
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.log.listeners.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.log.listeners.add(done);
      signal.addEventListener('abort', done);
    });
  }

  async seal(): Promise<void> {}

  async rewrite(blank: (entry: Entry) => boolean): Promise<number> {
    const { log } = this;
    let count = 0;
    for (const [i, entry] of log.entries.entries()) {
      if (entry.position > (log.snapshot?.position ?? 0)) break;
      const copy = { ...entry, record: new Uint8Array(entry.record) };
      if (!blank(copy)) continue;
      log.entries[i] = copy;
      count++;
      this.#options.onStep?.('during-rewrite');
    }
    return count;
  }

  async note(): Promise<Uint8Array | undefined> {
    return this.log.note;
  }

  async setNote(note: Uint8Array | undefined): Promise<void> {
    this.log.note = note;
    this.#options.onStep?.('note');
  }

  async saveSnapshot(position: Position, pieces: AsyncIterable<SnapshotPiece>): Promise<void> {
    const saved: SnapshotPiece[] = [];
    for await (const { kind, bytes } of pieces) {
      saved.push({ kind, bytes: new Uint8Array(bytes) });
      this.#options.onStep?.('snapshot-piece');
    }
    this.#options.onStep?.('before-flip');
    if (position > (this.log.snapshot?.position ?? 0)) this.log.snapshot = { position, pieces: saved };
    this.#options.onStep?.('after-flip');
  }

  async cut(position: Position): Promise<void> {
    const { log } = this;
    const limit = Math.min(position, this.cuttable);
    while (log.first <= limit) {
      log.entries.shift();
      log.first++;
      this.#options.onStep?.('during-trim');
    }
  }

  async drain(): Promise<void> {
    if (this.#state === 'open') this.#state = 'draining';
    await this.#queue;
  }

  async close(): Promise<void> {
    await this.drain();
    this.#unfollow();
    this.#state = 'closed';
    if (this.#place !== undefined) this.log.leavePlace(this.#place);
    this.#place = undefined;
  }
}
