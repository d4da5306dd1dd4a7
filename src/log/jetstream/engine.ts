import { randomBytes } from 'node:crypto';
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
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
import { notOpen, StorageError, tooLarge } from '../storage-error.ts';
import { adoptInto } from './adopt.ts';
import { type Announcement, announced, type SeenBridges } from './bridges.ts';
import { ClockWatch } from './clock-watch.ts';
import { Erasing } from './erasing.ts';
import { isRefusal, orNoAnswer } from './errors.ts';
import { Extents } from './extents.ts';
import { Heads } from './heads.ts';
import { partsOf } from './kept-parts.ts';
import { LocalDirectory } from './local-directory.ts';
import { epochOf, type StreamMessage } from './message.ts';
import { leaderIn, Mover } from './mover.ts';
import type { JetStreamEngineOptions } from './options.ts';
import { Publisher } from './publisher.ts';
import { purgeTopics } from './purge-topics.ts';
import { Room } from './room.ts';
import { type SharedState, SnapshotStore, snapshotBytes, snapshotPieces } from './snapshots.ts';
import { openStream } from './stream.ts';
import { AT_END, StreamReader } from './stream-reader.ts';
import { topicOf } from './subjects.ts';

/** Headers, and what frames them. */
const LEAST_PAYLOAD = MAX_RECORD + 1024;
/** The server says something every second: without a word for so long, this bridge is not well. */
const SILENT_MS = 3000;
const WATCH_MS = 500;
/** An answer that took no longer says what time it is. */
const PROMPT_MS = 1000;
/** For what is asked again when nobody answers. */
const BRIEF_MS = 500;
/** What is waited for at the end, ms. */
const DRAIN_MS = 1500;
/** A snapshot is this long at most when a copy is kept on the bridge's own disk; it is in memory for that. */
const MAX_COPY = 256 * 1024 * 1024;

/** What there is of a connection. */
interface Open {
  readonly connection: NatsConnection;
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  /** The same, with less patience. */
  readonly briefly: JetStreamManager;
  readonly store: SnapshotStore;
  readonly mover: Mover;
}

/** How a stream does, by its leader. */
export interface StreamLook {
  /** By its clock, ms since the epoch. */
  readonly at: number;
  readonly last: Position;
  readonly bytes: number;
  /** Whom this bridge asked. */
  readonly server: string;
  readonly replicas: number;
  /** Copies that are up to date. */
  readonly current: number;
}

/** A replicated log: a stream of NATS JetStream. See docs/adr/0013-jetstream.md. */
export class JetStreamEngine implements LogEngine {
  readonly directory: string;
  readonly #options: JetStreamEngineOptions;
  readonly #local: LocalDirectory;
  readonly #clockWatch: ClockWatch;
  readonly #heads = new Heads();
  readonly #extents = new Extents();
  readonly #room: Room;
  readonly #ending = new AbortController();
  readonly #readers = new Set<{ next: Position; reader: StreamReader }>();
  readonly #waiting: { position: Position; resolve: () => void }[] = [];
  #open: Open | undefined;
  #identity: LogIdentity | undefined;
  #state: SharedState = { cut: 0, rewritten: 0 };
  #publisher: Publisher | undefined;
  #follower: Follower | undefined;
  #delivered: Position = 0;
  #isConnected = true;
  #isFollowing = false;
  /** When it was first said that this bridge works on the log, by the stream. */
  #startedAt: number | undefined;
  /** By the monotonic clock. */
  #heardAt: number | undefined;
  #watching: NodeJS.Timeout | undefined;
  #following: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: JetStreamEngineOptions) {
    this.#options = options;
    this.directory = options.directory;
    this.#local = new LocalDirectory(options.directory, options.logger);
    this.#clockWatch = new ClockWatch(options.clock);
    this.#room = new Room(options.maxBytes, LEAST_PAYLOAD);
  }

  get identity(): LogIdentity {
    if (!this.#identity) throw notOpen();
    return this.#identity;
  }

  get extents(): readonly Extent[] {
    return this.#extents.all;
  }

  /** From the leader: another bridge may have begun to erase since this one was opened. */
  async note(): Promise<Uint8Array | undefined> {
    return this.#opened.store.note();
  }

  /** Another bridge may still read the snapshot before the newest, and what came since. */
  get cuttable(): Position {
    return (this.#state.previous ?? this.#state.newest)?.position ?? 0;
  }

  claim(): Promise<void> {
    return this.#local.open();
  }

  /** Of this bridge's process that had the lease last. */
  get leaseRun(): string | undefined {
    return this.#local.leaseRun;
  }

  /** This process has it now. */
  hasLease(run: string): Promise<void> {
    return this.#local.hasLease(run);
  }

  async open(): Promise<Opened> {
    await this.#local.open();
    try {
      const connection = await this.#options.connect();
      this.#open = await this.#begin(connection).catch(async (error) => {
        await connection.close();
        throw orNoAnswer(error);
      });
      void this.#watch(connection);
      return { snapshot: await this.#snapshot(this.#open) };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async adopt(log: MovedLog): Promise<void> {
    const { stream, replicas, maxBytes } = this.#options;
    await this.#local.open();
    try {
      if (this.#local.logId !== undefined)
        throw new StorageError(
          'ERR_STORAGE_FOREIGN',
          `${this.directory} is of a bridge that has worked on log ${this.#local.logId}: give an empty directory (extensions::jetstream_storage::directory)`,
        );
      const connection = await this.#options.connect();
      try {
        await adoptInto(connection, { stream, replicas, maxBytes }, log).catch((error) => {
          throw orNoAnswer(error);
        });
      } finally {
        await connection.close();
      }
      await this.#local.become(log.identity);
    } finally {
      await this.#local.close();
    }
  }

  async #begin(connection: NatsConnection): Promise<Open> {
    const { stream, replicas, maxBytes, clock, logger } = this.#options;
    const payload = connection.info?.max_payload ?? 0;
    if (payload < LEAST_PAYLOAD)
      throw new StorageError(
        'ERR_STORAGE_FOREIGN',
        `the NATS server takes messages of ${payload} bytes, and an entry of the log has up to ${LEAST_PAYLOAD}: set max_payload to 1 MB or more`,
      );
    const js = jetstream(connection);
    const jsm = await jetstreamManager(connection);
    const briefly = await jetstreamManager(connection, { timeout: BRIEF_MS, checkAPI: false });
    const { logId } = this.#local;
    const identity = await openStream(jsm, { stream, replicas, maxBytes }, clock.now(), logId);
    const store = await SnapshotStore.open(js, jsm, { stream, replicas, maxBytes });
    await this.#local.worksOn(identity.logId);
    this.#identity = { ...identity, instanceId: this.#local.instanceId };
    return { connection, js, jsm, briefly, store, mover: new Mover(connection, clock, logger) };
  }

  /** The newest, from this bridge's own disk if it is there. Begins again when another bridge has cut the log beyond it meanwhile. */
  async #snapshot({ store }: Open): Promise<Opened['snapshot']> {
    for (let before: string | undefined; ; ) {
      this.#state = await store.state();
      const { newest } = this.#state;
      if (newest === undefined) return undefined;
      try {
        const digest = await store.digestOf(newest.name);
        let bytes = digest === undefined ? undefined : this.#local.cached(digest);
        if (!bytes) {
          bytes = await store.read(newest.name);
          await this.#local.keep(bytes);
        }
        if ((await store.state()).cut <= newest.position)
          return { position: newest.position, pieces: snapshotPieces(bytes) };
      } catch (error) {
        // Another bridge may have let go of it. One that is still the newest is damaged.
        if (newest.name === before)
          throw new StorageError(
            'ERR_STORAGE_DAMAGED',
            `the snapshot ${newest.name} in the object store ${this.#options.stream} cannot be read: ${(error as Error).message}. Restore it from a backup.`,
            { cause: error },
          );
        before = newest.name;
      }
    }
  }

  async follow(from: Position, follower: Follower): Promise<void> {
    const open = this.#open;
    if (!open || this.#closing) throw notOpen();
    if (from <= this.#state.cut) throw new Gap(from, this.#state.cut + 1);
    this.#delivered = from - 1;
    await this.#info();
    this.#extents.begin(await partsOf(open.jsm, this.#options.stream, this.#state.cut, from - 1));
    this.#follower = follower;
    this.#publisher = this.#makePublisher(open);
    await new Promise<void>((resolve, reject) => {
      this.#following = this.#deliverAll(open, from, follower, resolve).catch((error) => {
        reject(error);
        this.#lost(error);
      });
    });
    this.#isFollowing = true;
    this.#watching = setInterval(() => this.#watchSilence(), WATCH_MS).unref();
    // What went while it was read is not among what was delivered.
    const { cut } = await open.store.state();
    if (cut >= from && this.#delivered < cut) throw new Gap(from, cut + 1);
  }

  async #deliverAll(open: Open, from: Position, follower: Follower, caughtUp: () => void): Promise<void> {
    const { signal } = this.#ending;
    for await (const found of this.#entries(open, from, signal)) {
      if (found === AT_END) {
        caughtUp();
        continue;
      }
      const { entry, id } = found;
      this.#room.saw(entry.position, entry.record.length);
      const { isOurs, origin } = this.#publisher!.came(entry.position, id ?? '');
      // Of an entry of one's own it is known that it is of a moment ago.
      if (isOurs) this.#clockWatch.told(entry.time);
      this.#heads.saw(entry.topic, entry.position, !isOurs && !found.isEmpty);
      if (!found.isEmpty) {
        this.#extents.add(entry.position, entry.record.length, entry.time);
        follower.deliver(origin === undefined ? entry : { ...entry, origin });
      }
      this.#deliveredUpTo(entry.position);
    }
  }

  #lost(error: Error): void {
    if (!this.#isFollowing || this.#closing) return;
    this.#options.health.setUnavailable('storage', `the log cannot be followed any more: ${error.message}`);
    this.#options.onLost?.(`the log cannot be followed any more: ${error.message}`);
  }

  #deliveredUpTo(position: Position): void {
    this.#delivered = position;
    for (let i = 0; i < this.#waiting.length; ) {
      if (this.#waiting[i]!.position > position) i++;
      else this.#waiting.splice(i, 1)[0]!.resolve();
    }
  }

  #makePublisher({ js, jsm, mover }: Open): Publisher {
    const { stream, clock, health, logger } = this.#options;
    return new Publisher({
      js,
      jsm,
      stream,
      epoch: randomBytes(8).toString('hex'),
      clock,
      heads: this.#heads,
      clockProblem: () => this.#clockWatch.problem,
      isConnected: () => this.#isConnected,
      isWell: () => this.#isWell(),
      delivered: (position, signal) => this.#untilDelivered(position, signal),
      isFull: () => this.#room.isFull,
      onFull: () => this.#follower?.full?.(),
      onFailed(error) {
        health.setUnavailable('storage', error.message);
        logger.error({ err: error }, 'The log cannot be written: reports are refused, and their senders keep them');
      },
      onRecovered() {
        mover.recovered();
        health.setAvailable('storage');
        logger.info('The log can be written again');
      },
    });
  }

  /** Whether the stream has a leader that others follow. Its room is known with that. */
  async #isWell(): Promise<boolean> {
    if (!this.#open || !this.#isConnected || this.#clockWatch.problem !== undefined) return false;
    const { briefly, mover } = this.#open;
    const found = await this.#info(briefly).catch(() => undefined);
    const leader = leaderIn(found);
    mover.looked(leader);
    return leader === 'followed';
  }

  #untilDelivered(position: Position, signal: AbortSignal): Promise<void> {
    if (position <= this.#delivered) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiting = { position, resolve };
      const end = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason);
      };
      waiting.resolve = () => {
        signal.removeEventListener('abort', end);
        resolve();
      };
      signal.addEventListener('abort', end, { once: true });
      this.#waiting.push(waiting);
    });
  }

  append(topic: string, record: Uint8Array, options: AppendOptions = {}): Promise<Position> {
    if (!this.#publisher || this.#closing) return Promise.reject(notOpen());
    const bytes = record.length + topic.length;
    if (bytes > MAX_RECORD) return Promise.reject(tooLarge(topic, bytes, MAX_RECORD));
    return this.#publisher.append(topic, record, options);
  }

  async isLast(topic: string, position: Position): Promise<boolean> {
    if (!this.#publisher || this.#closing) throw notOpen();
    return this.#publisher.isLast(topic, position);
  }

  async *read(from: Position, signal: AbortSignal): AsyncGenerator<Entry, void> {
    const open = this.#open;
    if (!open || this.#closing) throw notOpen();
    const end = AbortSignal.any([signal, this.#ending.signal]);
    this.#state = await open.store.state();
    if (from <= this.#state.cut) throw new Gap(from, this.#state.cut + 1);
    for await (const found of this.#entries(open, from, end)) {
      if (found !== AT_END && !found.isEmpty) yield found.entry;
    }
  }

  /**
   * Entries from a position on. Where messages are missing in between, they lie in the bucket, overwritten; or they were cut.
   * @throws Gap
   */
  async *#entries(open: Open, from: Position, signal: AbortSignal) {
    const { stream } = this.#options;
    const { connection, briefly: jsm } = open;
    const heard = () => {
      this.#heardAt = this.#options.clock.monotonic();
    };
    const reader = new StreamReader({ connection, jsm, stream, heard }, from, signal);
    const place = { next: from, reader };
    this.#readers.add(place);
    try {
      for await (const message of reader.read()) {
        if (message === AT_END) {
          yield message;
          continue;
        }
        while (place.next < message.sequence) {
          const position = place.next++;
          const entry = await this.#missing(open, position);
          if (entry) yield { entry, id: undefined, isEmpty: false };
        }
        // A rewrite has begun the reader anew.
        if (message.sequence < place.next) continue;
        place.next = message.sequence + 1;
        yield { entry: this.#entryOf(message), id: message.id, isEmpty: message.isEmpty || message.id === undefined };
      }
    } finally {
      this.#readers.delete(place);
    }
  }

  async #missing({ store }: Open, position: Position): Promise<Entry | undefined> {
    // In this order: a cut is written down before anything goes, and another bridge may cut at any moment.
    const entry = await store.entry(position);
    if (entry) return entry;
    this.#state = await store.state();
    if (position <= this.#state.cut) throw new Gap(position, this.#state.cut + 1);
    return undefined;
  }

  #entryOf({ sequence, time, subject, data, id }: StreamMessage): Entry {
    const topic = topicOf(this.#options.stream, subject);
    return { position: sequence, time, epoch: epochOf(id ?? ''), topic, record: data };
  }

  /** What is taken while nothing is heard would not be answered. */
  #watchSilence(): void {
    const { health } = this.#options;
    if ((this.silence ?? 0) > SILENT_MS)
      health.setUnavailable(
        'log',
        'nothing is heard of the log: its server does not answer, or the way to it is broken',
      );
    else health.setAvailable('log');
  }

  /** Whether an append was taken last, and one would be now. */
  get isWritable(): boolean {
    return this.#publisher !== undefined && this.#isConnected && !this.#publisher.isFailing;
  }

  /** Since when nothing was heard of the stream, ms; it says something every second. Undefined before the start. */
  get silence(): number | undefined {
    return this.#heardAt === undefined ? undefined : this.#options.clock.monotonic() - this.#heardAt;
  }

  /** How the stream does, for operators. @throws when its leader does not answer. */
  async look(): Promise<StreamLook> {
    const { connection } = this.#opened;
    const { state, config, cluster, at } = await this.#info();
    const followers = cluster?.replicas ?? [];
    return {
      at,
      last: state.last_seq,
      bytes: state.bytes,
      server: connection.getServer(),
      replicas: config.num_replicas,
      current: 1 + followers.filter(({ current, offline }) => current && !offline).length,
    };
  }

  /**
   * Which bridges work on the log: they say so beside it, where there is room when it is full itself, and where no fold has to take it.
   * @param look - of this moment. @param own - what this bridge says of itself; undefined: nothing. @throws as `look`.
   */
  async bridges({ at, last }: StreamLook, own?: Announcement): Promise<SeenBridges> {
    const { store } = this.#opened;
    const behind = Math.max(0, last - this.#delivered);
    const { skew = 0 } = this.#clockWatch;
    if (own) this.#startedAt ??= at;
    const started = this.#startedAt ?? at;
    const bridges = await store.updateBridges(
      (before) => own && announced(before, { ...own, started, heard: at, behind, skew }),
    );
    return { at, bridges };
  }

  /** From the stream's leader, whose clock it tells. Who may make room need not be who is asked for some. */
  async #info(jsm = this.#opened.jsm) {
    const { clock, stream } = this.#options;
    const askedAt = clock.monotonic();
    const info = await jsm.streams.info(stream);
    const at = Date.parse(info.ts ?? '');
    // Who stood still meanwhile is told of a time that is over.
    if (clock.monotonic() - askedAt < PROMPT_MS) this.#clockWatch.told(at);
    this.#room.told(info.state.bytes, info.state.last_seq);
    if (this.#room.isFull) this.#follower?.full?.();
    return { ...info, at };
  }

  get #opened(): Open {
    if (!this.#open) throw notOpen();
    return this.#open;
  }

  async seal(): Promise<void> {
    this.#extents.seal();
  }

  async saveSnapshot(position: Position, pieces: AsyncIterable<SnapshotPiece>): Promise<void> {
    if (!this.#open) throw notOpen();
    const { store } = this.#open;
    const copy: Uint8Array[] = [];
    let length = 0;
    const copied = (async function* () {
      for await (const bytes of snapshotBytes(pieces)) {
        length += bytes.length;
        if (length <= MAX_COPY) copy.push(bytes);
        yield bytes;
      }
    })();
    const { state, name } = await store.save(position, copied);
    this.#state = state;
    if (state.newest?.name === name && length <= MAX_COPY) await this.#local.keep(Buffer.concat(copy));
  }

  async cut(position: Position): Promise<void> {
    if (!this.#open || this.#closing) throw notOpen();
    const { jsm, store } = this.#open;
    this.#state = await store.state();
    const limit = Math.min(position, this.cuttable);
    if (limit <= this.#state.cut) return;
    this.#state = await store.update((state) => (state.cut >= limit ? undefined : { ...state, cut: limit }));
    await purgeTopics(jsm, this.#options.stream, limit, this.#heads);
    if (this.#state.rewritten > 0) await store.cutEntries(limit);
    this.#extents.cut(limit);
  }

  async rewrite(blank: (entry: Entry) => boolean): Promise<number> {
    const open = this.#open;
    if (!open || this.#closing) throw notOpen();
    this.#state = await open.store.state();
    const { cut, newest } = this.#state;
    const erasing = new Erasing(open.jsm, open.js, open.store, this.#options.stream);
    const limit = newest?.position ?? 0;
    const entries = await erasing.rewrite(this.#entries(open, cut + 1, this.#ending.signal), limit, blank);
    await open.store.keepNewest();
    this.#state = await open.store.state();
    for (const { reader, next } of this.#readers) if (next <= limit) reader.restart(next);
    return entries;
  }

  async setNote(note: Uint8Array | undefined): Promise<void> {
    if (!this.#open || this.#closing) throw notOpen();
    await this.#open.store.setNote(note);
  }

  async drain(): Promise<void> {
    await this.#publisher?.drain();
    // What was acknowledged is folded as well, if the way back is open.
    const written = this.#publisher?.written ?? 0;
    await this.#untilDelivered(written, AbortSignal.timeout(DRAIN_MS)).catch(() => {});
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.drain();
    clearInterval(this.#watching);
    this.#ending.abort();
    await this.#following;
    await this.#open?.connection.close();
    await this.#local.close();
  }

  async #watch(connection: NatsConnection): Promise<void> {
    const { health, logger } = this.#options;
    let isRefused = false;
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') {
        this.#isConnected = false;
        // Each attempt that is refused ends in one.
        if (isRefused) continue;
        health.setUnavailable('nats', 'there is no connection to any of the NATS servers');
        logger.warn(`The connection to ${status.server} was lost; connecting again`);
      } else if (status.type === 'reconnect') {
        this.#isConnected = true;
        health.setAvailable('nats');
        logger.info(`Connected to ${status.server} again`);
        isRefused = false;
        this.#open?.mover.connected(status.server);
        // What was sent meanwhile went nowhere.
        for (const { reader, next } of this.#readers) reader.restart(next);
      } else if (status.type === 'error' && isRefusal(status.error)) {
        const why = `the NATS servers take this client no more (${status.error.message}): renew what it shows them`;
        health.setUnavailable('nats', why);
        if (!isRefused) logger.error(`The log cannot be written: ${why}. The bridge goes on by itself`);
        isRefused = true;
      }
    }
  }
}
