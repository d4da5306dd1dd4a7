import { randomUUID } from 'node:crypto';
import { type JetStreamClient, type JetStreamManager, StorageType } from '@nats-io/jetstream';
import { type ObjectInfo, type ObjectStore, Objm } from '@nats-io/obj';
import type { SnapshotPiece } from '../engine.ts';
import type { Entry, Position } from '../log.ts';
import type { SeenBridge } from './bridges.ts';
import { isWrongLastSequence, refused } from './errors.ts';

/** What the bridges of a log have agreed upon beside it. */
export interface SharedState {
  /** The newest snapshot, and the one before. */
  readonly newest?: StoredSnapshot | undefined;
  readonly previous?: StoredSnapshot | undefined;
  /** Entries up to here may be gone. It is written before they go. */
  readonly cut: Position;
  /** Entries up to here may lie in the bucket, overwritten. */
  readonly rewritten: Position;
}

interface StoredSnapshot {
  readonly position: Position;
  /** Of the object. */
  readonly name: string;
}

/** An entry that lies in the bucket in place of the stream. */
type RewrittenEntry = Pick<Entry, 'position' | 'time' | 'epoch' | 'topic' | 'record'>;

const STATE = 'state';
const NOTE = 'note';
const BRIDGES = 'bridges';
const SNAPSHOT = /^snapshot\./;
const REWRITTEN = /^entry\.(\d+)$/;
/** What no snapshot of the state names, and is older, was left by a bridge that ended. */
const LEFT_MS = 3_600_000;
const HEAD = 5;

const NOTHING: SharedState = { cut: 0, rewritten: 0 };

/**
 * What lies beside the log, in an object store of the same name: snapshots, which of them is the newest and how far the log is cut,
 * the note of an erasure, entries that were overwritten, and what the bridges say of themselves. Everything that decides is read from the leader, and
 * written only in place of what was read.
 */
export class SnapshotStore {
  readonly #jsm: JetStreamManager;
  readonly #bucket: string;
  readonly #objects: ObjectStore;

  private constructor(jsm: JetStreamManager, bucket: string, objects: ObjectStore) {
    this.#jsm = jsm;
    this.#bucket = bucket;
    this.#objects = objects;
  }

  /** Makes the bucket at the first start. @throws StorageError `ERR_STORAGE_FOREIGN` that says what differs. */
  static async open(
    js: JetStreamClient,
    jsm: JetStreamManager,
    { stream, replicas, maxBytes }: { stream: string; replicas: number; maxBytes: number },
  ): Promise<SnapshotStore> {
    const objects = await new Objm(js).create(stream, {
      storage: StorageType.File,
      replicas,
      max_bytes: maxBytes,
      description: 'Snapshots of the log of the Couic OTel bridge',
    });
    const { replicas: found, streamInfo } = await objects.status();
    const is = { replicas: found, max_bytes: streamInfo.config.max_bytes, max_age: streamInfo.config.max_age };
    const should = { replicas, max_bytes: maxBytes, max_age: 0 };
    if (JSON.stringify(is) !== JSON.stringify(should))
      throw refused(
        streamInfo.config.name,
        `has other settings: ${JSON.stringify(is)}, and they should be ${JSON.stringify(should)}. Change the stream (nats stream edit), or the configuration.`,
      );
    return new SnapshotStore(jsm, stream, objects);
  }

  async state(): Promise<SharedState> {
    return valueIn(await this.#objects.info(STATE), STATE, NOTHING);
  }

  /**
   * Writes what becomes of the state; looks again when another bridge was first.
   * @param change - undefined: it is to stay.
   * @returns the state as it is then.
   */
  update(change: (state: SharedState) => SharedState | undefined): Promise<SharedState> {
    return this.#change(STATE, NOTHING, change);
  }

  /** As `update`. */
  updateBridges(change: (bridges: readonly SeenBridge[]) => readonly SeenBridge[] | undefined) {
    return this.#change<readonly SeenBridge[]>(BRIDGES, [], change);
  }

  async #change<Value>(name: string, nothing: Value, change: (value: Value) => Value | undefined): Promise<Value> {
    for (;;) {
      const found = await this.#objects.info(name);
      const value = valueIn(found, name, nothing);
      const next = change(value);
      if (next === undefined) return value;
      try {
        await this.#put(name, { [name]: JSON.stringify(next) }, undefined, found?.revision ?? 0);
        return next;
      } catch (error) {
        if (!isWrongLastSequence(error)) throw error;
      }
    }
  }

  /** @returns its bytes, as `snapshotPieces` reads them, and their digest. @throws when it is not whole. */
  async read(name: string): Promise<Uint8Array> {
    const bytes = await this.#objects.getBlob(name);
    if (bytes === null) throw new Error(`the snapshot ${name} is gone`);
    return bytes;
  }

  /** @returns the digest of a snapshot, to compare a copy with. */
  async digestOf(name: string): Promise<string | undefined> {
    return (await this.#objects.info(name))?.digest;
  }

  /** Keeps a snapshot as the newest, unless there is a newer one. @returns the state as it is then, and the digest. */
  async save(
    position: Position,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<{ state: SharedState; name: string; digest: string }> {
    const name = `snapshot.${position}.${randomUUID()}`;
    const stream = streamOf(bytes);
    const { digest } = await this.#objects.put({ name }, stream);
    const state = await this.update((before) =>
      (before.newest?.position ?? 0) >= position
        ? undefined
        : { ...before, newest: { position, name }, previous: before.newest },
    );
    await this.#sweep(state, name);
    return { state, name, digest };
  }

  /** Lets go of all snapshots but the newest. */
  async keepNewest(): Promise<void> {
    const state = await this.update((before) => (before.previous ? { ...before, previous: undefined } : undefined));
    await this.#sweep(state, undefined);
  }

  /** @param own - a snapshot of this process: if it is not among those that are kept, it goes at once. */
  async #sweep({ newest, previous }: SharedState, own: string | undefined): Promise<void> {
    for (const info of await this.#objects.list()) {
      const { name } = info;
      if (!SNAPSHOT.test(name) || name === newest?.name || name === previous?.name) continue;
      const { position } = snapshotOf(name);
      const isOld = position < ((previous ?? newest)?.position ?? 0) || Date.now() - Date.parse(info.mtime) > LEFT_MS;
      if (name === own || isOld) await this.#remove(info);
    }
  }

  async note(): Promise<Uint8Array | undefined> {
    const info = await this.#objects.info(NOTE);
    const text = info?.metadata?.note;
    return text === undefined ? undefined : Buffer.from(text, 'base64');
  }

  async setNote(note: Uint8Array | undefined): Promise<void> {
    const before = await this.#objects.info(NOTE);
    if (note !== undefined) await this.#put(NOTE, { note: Buffer.from(note).toString('base64') });
    // Overwritten by the server, not only let go of. (The message of the object's metadata holds it.)
    else if (before) await this.#jsm.streams.deleteMessage(this.#streamName, before.revision, true);
  }

  async putEntry({ position, time, epoch, topic, record }: RewrittenEntry): Promise<void> {
    await this.#put(`entry.${position}`, { entry: JSON.stringify({ time, epoch, topic }) }, record);
  }

  async entry(position: Position): Promise<RewrittenEntry | undefined> {
    const name = `entry.${position}`;
    const info = await this.#objects.info(name);
    const head = info?.metadata?.entry;
    if (!info || head === undefined) return undefined;
    const { time, epoch, topic } = JSON.parse(head) as Pick<Entry, 'time' | 'epoch' | 'topic'>;
    const record = info.size === 0 ? new Uint8Array() : await this.#objects.getBlob(name);
    return record === null ? undefined : { position, time, epoch, topic, record };
  }

  /** Lets go of entries that were overwritten, up to a position. */
  async cutEntries(position: Position): Promise<void> {
    for (const info of await this.#objects.list()) {
      const at = REWRITTEN.exec(info.name)?.[1];
      if (at !== undefined && Number(at) <= position) await this.#remove(info);
    }
  }

  get #streamName(): string {
    return `OBJ_${this.#bucket}`;
  }

  async #put(
    name: string,
    metadata: Record<string, string>,
    data?: Uint8Array,
    previousRevision?: number,
  ): Promise<void> {
    const options = previousRevision === undefined ? {} : { previousRevision };
    await this.#objects.putBlob({ name, metadata }, data ?? new Uint8Array(), options);
  }

  /** With its name: the client's `delete` leaves that. */
  async #remove({ name, nuid }: ObjectInfo): Promise<void> {
    const encoded = Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    await this.#jsm.streams.purge(this.#streamName, { filter: `$O.${this.#bucket}.M.${encoded}` });
    await this.#jsm.streams.purge(this.#streamName, { filter: `$O.${this.#bucket}.C.${nuid}` });
  }
}

/** What an object holds as metadata under its own name. */
function valueIn<Value>(info: ObjectInfo | null, name: string, nothing: Value): Value {
  const text = info?.metadata?.[name];
  return text === undefined ? nothing : (JSON.parse(text) as Value);
}

function snapshotOf(name: string): StoredSnapshot {
  return { name, position: Number(name.split('.')[1]) };
}

/** A piece with its kind and length before it. */
export async function* snapshotBytes(pieces: AsyncIterable<SnapshotPiece>): AsyncGenerator<Uint8Array> {
  for await (const { kind, bytes } of pieces) {
    const framed = Buffer.allocUnsafe(HEAD + bytes.length);
    framed.writeUInt8(kind, 0);
    framed.writeUInt32LE(bytes.length, 1);
    framed.set(bytes, HEAD);
    yield framed;
  }
}

export function* snapshotPieces(bytes: Uint8Array): Generator<SnapshotPiece> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < all.length; ) {
    const length = all.readUInt32LE(at + 1);
    yield { kind: all.readUInt8(at), bytes: all.subarray(at + HEAD, at + HEAD + length) };
    at += HEAD + length;
  }
}

function streamOf(bytes: AsyncIterable<Uint8Array>): Parameters<ObjectStore['put']>[1] {
  const iterator = bytes[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
