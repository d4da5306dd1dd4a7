import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Health } from '../health.ts';
import { StoreDirectory } from './directory.ts';
import { Environment } from './environment.ts';
import type { Faults } from './faults.ts';
import {
  carriedOf,
  EVERYTHING,
  isIntact,
  type KeyRange,
  MANIFEST_KEY,
  piecesOf,
  readPieceKey,
  readRecordKey,
  recordsAfter,
} from './layout.ts';
import { ExclusiveLock } from './lock.ts';
import { decodeManifest, encodeManifest, type FoldEntry, type Manifest, RESTORE } from './manifest.ts';
import { type Fold, type Journal, StorageError, type Store, type StoreIdentity } from './store.ts';
import { Writer } from './writer.ts';

export interface LmdbStoreOptions {
  /** Created if it does not exist, 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
  /** Milliseconds between attempts to write again after a failed commit. @default 1000 */
  readonly retryInterval?: number;
  readonly faults?: Faults;
}

/** The store: a log and snapshots in one LMDB environment. */
export class LmdbStore implements Store {
  readonly #options: LmdbStoreOptions;
  readonly #directory: StoreDirectory;
  readonly #attached = new Map<string, Fold>();
  #loading: Promise<void> | undefined;
  #opened: Opened | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
    this.#directory = new StoreDirectory(options.directory, (message) => options.logger.warn(message));
  }

  get identity(): StoreIdentity {
    if (!this.#opened) throw notOpen();
    return this.#opened.manifest;
  }

  attach(name: string, fold: Fold): Journal {
    if (this.#loading || this.#closing) throw new Error(`fold ${name} was attached after the store was loaded`);
    if (this.#attached.has(name)) throw new Error(`fold ${name} was attached twice`);
    this.#attached.set(name, fold);
    return { append: (records) => this.#append(name, fold, records) };
  }

  load(): Promise<void> {
    if (this.#closing) return Promise.reject(notOpen());
    this.#loading ??= this.#load();
    return this.#loading;
  }

  async #load(): Promise<void> {
    this.#directory.prepare();
    const lock = ExclusiveLock.acquire(this.#options.directory);
    let environment: Environment | undefined;
    try {
      this.#directory.survey();
      environment = new Environment(this.#directory.dataFile);
      await this.#open(lock, environment);
    } catch (error) {
      await environment?.close();
      await lock.release();
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#loading?.catch(() => {});
    if (!this.#opened) return;
    const { writer, environment, lock } = this.#opened;
    await writer.drain();
    await environment.close();
    await lock.release();
  }

  #append(name: string, fold: Fold, records: readonly Uint8Array[]): Promise<void> {
    if (!this.#opened || this.#closing) return Promise.reject(notOpen());
    return this.#opened.writer.append(this.#opened.folds.get(name)!, fold, records);
  }

  async #open(lock: ExclusiveLock, environment: Environment): Promise<void> {
    const { health, logger, faults, retryInterval = 1000 } = this.#options;
    const stored = this.#readManifest(environment);
    const manifest = stored ?? {
      instanceId: randomUUID(),
      createdAt: this.#options.clock.now(),
      sequence: 0,
      generation: 0,
      folds: [],
    };
    const known = new Set(manifest.folds.map((entry) => entry.name));
    const added = [...this.#attached.keys()].filter((name) => !known.has(name));
    const folds = [
      ...manifest.folds,
      ...added.map((name) => ({ name, generation: 0, pieces: 0, bytes: 0, carried: 0 })),
    ];
    const current = { ...manifest, folds };
    if (!stored || added.length > 0)
      await environment.commit((transaction) => transaction.put(MANIFEST_KEY, encodeManifest(current)));
    if (!this.#directory.isMarked) this.#directory.mark();
    for (const [index, entry] of folds.entries()) this.#restore(environment, index, entry);
    const sequence = this.#replay(environment, current);
    const writer = new Writer({
      environment,
      sequence,
      faults,
      retryInterval,
      onApplied: () => {},
      onFailed: (error) => {
        health.setUnavailable('storage', error.message);
        logger.error({ err: error }, 'Cannot write to the store: reports are refused until it works again');
      },
      onRecovered: () => {
        health.setAvailable('storage');
        logger.info('The store can be written again');
      },
    });
    this.#opened = {
      manifest: current,
      environment,
      writer,
      lock,
      folds: new Map(folds.map((entry, index) => [entry.name, index])),
    };
  }

  #readManifest(environment: Environment): Manifest | undefined {
    const path = this.#directory.dataFile;
    const row = environment.get(MANIFEST_KEY);
    if (row) return decodeManifest(row, path);
    for (const _ of environment.keys(EVERYTHING))
      throw new StorageError(
        'ERR_STORAGE_FOREIGN',
        `${path} is the database of another program. Give the bridge a directory of its own.`,
      );
    if (this.#directory.isMarked) throw damaged(path, 'it is empty, though a store was kept here');
    return undefined;
  }

  #restore(environment: Environment, index: number, entry: FoldEntry): void {
    const fold = this.#attached.get(entry.name);
    if (!fold) return;
    if (entry.generation > 0) {
      const pieces = this.#pieces(environment, index, entry);
      fold.restore(pieces);
      // Also when the fold did not ask for all: what it left unread may be damaged.
      for (const _ of pieces);
    }
    let carried = 0;
    for (const value of this.#values(environment, carriedOf(index))) {
      if (carried++ === entry.carried) break;
      fold.apply(value);
    }
  }

  *#pieces(environment: Environment, index: number, entry: FoldEntry): Generator<Buffer> {
    let pieces = 0;
    let bytes = 0;
    for (const { key, value } of environment.rows(piecesOf(index, entry.generation))) {
      if (!isIntact(key, value) || readPieceKey(key).piece !== pieces)
        throw damaged(
          this.#directory.dataFile,
          `piece ${pieces} of the snapshot of ${entry.name} is not what was written`,
        );
      pieces++;
      bytes += value.length;
      yield value;
    }
    if (pieces !== entry.pieces || bytes !== entry.bytes)
      throw damaged(this.#directory.dataFile, `the snapshot of ${entry.name} has ${pieces} pieces of ${entry.pieces}`);
  }

  *#values(environment: Environment, range: KeyRange): Generator<Buffer> {
    for (const { key, value } of environment.rows(range)) {
      if (!isIntact(key, value)) throw damaged(this.#directory.dataFile, 'the checksum of a record does not match');
      yield value;
    }
  }

  #replay(environment: Environment, manifest: Manifest): number {
    let { sequence } = manifest;
    for (const { key, value } of environment.rows(recordsAfter(sequence))) {
      const record = readRecordKey(key);
      sequence++;
      if (!isIntact(key, value))
        throw damaged(this.#directory.dataFile, `the checksum of record ${record.sequence} does not match`);
      if (record.sequence !== sequence) throw damaged(this.#directory.dataFile, `record ${sequence} is missing`);
      const name = manifest.folds[record.fold]?.name;
      if (name === undefined)
        throw damaged(this.#directory.dataFile, `record ${sequence} belongs to nothing that the manifest knows`);
      this.#attached.get(name)?.apply(value);
    }
    return sequence;
  }
}

/** What there is between `load()` and `close()`. */
interface Opened {
  readonly manifest: Manifest;
  readonly environment: Environment;
  readonly writer: Writer;
  readonly lock: ExclusiveLock;
  /** Numbers of the folds in the keys. */
  readonly folds: ReadonlyMap<string, number>;
}

function damaged(path: string, what: string): StorageError {
  return new StorageError('ERR_STORAGE_DAMAGED', `${path} is damaged: ${what}. ${RESTORE}`);
}

function notOpen(): StorageError {
  return new StorageError('ERR_STORAGE_CLOSED', 'the store is not open: the bridge is starting or stopping');
}
