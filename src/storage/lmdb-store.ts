import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Health } from '../health.ts';
import { checkDataFile } from './check-data-file.ts';
import { DataFileFault } from './data-file-fault.ts';
import { StoreDirectory } from './directory.ts';
import { Environment } from './environment.ts';
import { damaged, foreign, notOpen } from './errors.ts';
import type { Faults } from './faults.ts';
import { EVERYTHING, MANIFEST_KEY } from './layout.ts';
import { ExclusiveLock } from './lock.ts';
import { decodeManifest, encodeManifest, type Manifest, newEntry } from './manifest.ts';
import { restore } from './restore.ts';
import { Snapshotter } from './snapshotter.ts';
import type { Fold, Journal, StorageError, Store, StoreIdentity } from './store.ts';
import { Writer } from './writer.ts';

export interface LmdbStoreOptions {
  /** Created if it does not exist, 0700. */
  readonly directory: string;
  readonly clock: Clock;
  readonly health: Health;
  readonly logger: Logger;
  /** Milliseconds between attempts to write again after a failed commit. @default 1000 */
  readonly retryInterval?: number;
  /** The log is cut once it is longer than this, and than the last snapshot. Bytes of payload. @default 16 MiB */
  readonly minimumLogBytes?: number;
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
    this.#directory = new StoreDirectory(options.directory);
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
    const { directory } = this.#options;
    this.#directory.create();
    // Before anything is written there: a directory of somebody else stays as it is.
    this.#directory.survey();
    const lock = ExclusiveLock.acquire(directory);
    let environment: Environment | undefined;
    try {
      const warning = this.#directory.makePrivate();
      if (warning) this.#options.logger.warn(warning);
      if (this.#directory.survey() === 'store') this.#check();
      environment = new Environment(this.#directory.dataFile);
      this.#opened = { lock, environment, ...(await this.#open(environment)) };
    } catch (error) {
      await environment?.close();
      await lock.release();
      throw error;
    }
  }

  /** @param deadline - ends the last snapshot early; the next start then has more of the log to replay. */
  close(deadline?: AbortSignal): Promise<void> {
    this.#closing ??= this.#close(deadline);
    return this.#closing;
  }

  async #close(deadline: AbortSignal | undefined): Promise<void> {
    await this.#loading?.catch(() => {});
    if (!this.#opened) return;
    const { writer, snapshotter, environment, lock } = this.#opened;
    await writer.drain();
    await snapshotter.finish(deadline);
    await environment.close();
    await lock.release();
  }

  #append(name: string, fold: Fold, records: readonly Uint8Array[]): Promise<void> {
    if (!this.#opened || this.#closing) return Promise.reject(notOpen());
    return this.#opened.writer.append(this.#opened.numbers.get(name)!, fold, records);
  }

  #check(): void {
    const path = this.#directory.dataFile;
    try {
      checkDataFile(path);
    } catch (error) {
      if (!(error instanceof DataFileFault))
        throw damaged(path, `it cannot be read (${(error as Error).message})`, error);
      if (!this.#directory.isMarked)
        throw foreign(path, `is no store of the bridge, or a damaged one: ${error.message}`);
      throw damaged(path, error.message, error);
    }
  }

  async #open(environment: Environment): Promise<Omit<Opened, 'lock' | 'environment'>> {
    const { clock, faults, logger, minimumLogBytes = 16 * 1024 * 1024, retryInterval = 1000 } = this.#options;
    const manifest = await this.#readManifest(environment);
    const { sequence, bytes: logBytes } = restore(environment, manifest, this.#attached, this.#directory.dataFile);
    const writer = new Writer({
      environment,
      sequence,
      retryInterval,
      faults,
      onApplied: (bytes) => snapshotter.onApplied(bytes),
      onFailed: (error) => this.#onFailed(error),
      onRecovered: () => this.#onRecovered(),
    });
    const snapshotter = new Snapshotter({
      environment,
      writer,
      manifest,
      folds: this.#attached,
      logBytes,
      clock,
      faults,
      minimumLogBytes,
      onFailed: (error) =>
        logger.warn({ err: error }, 'A snapshot of the store was given up; the log goes on growing until the next one'),
    });
    return {
      manifest,
      writer,
      snapshotter,
      numbers: new Map(manifest.folds.map(({ name }, number) => [name, number])),
    };
  }

  /** The manifest with every attached fold in it; a new one for a new store. */
  async #readManifest(environment: Environment): Promise<Manifest> {
    const path = this.#directory.dataFile;
    const row = environment.get(MANIFEST_KEY);
    if (!row && !environment.keys(EVERYTHING).next().done) throw foreign(path, 'holds the data of another program');
    if (!row && this.#directory.isMarked) throw damaged(path, 'it is empty, though a store was kept here');
    const stored = row ? decodeManifest(row, path) : newManifest(this.#options.clock.now());
    const known = new Set(stored.folds.map(({ name }) => name));
    const added = [...this.#attached.keys()].filter((name) => !known.has(name));
    const manifest = { ...stored, folds: [...stored.folds, ...added.map(newEntry)] };
    if (!row || added.length > 0) {
      await environment.commit({ put: [{ key: MANIFEST_KEY, value: encodeManifest(manifest) }] });
    }
    if (!this.#directory.isMarked) this.#directory.mark();
    return manifest;
  }

  #onFailed(error: StorageError): void {
    this.#options.health.setUnavailable('storage', error.message);
    this.#options.logger.error(
      { err: error },
      'The store cannot be written: reports are refused, and their senders keep them',
    );
  }

  #onRecovered(): void {
    this.#options.health.setAvailable('storage');
    this.#options.logger.info('The store can be written again');
  }
}

/** What there is between `load()` and `close()`. */
interface Opened {
  readonly lock: ExclusiveLock;
  readonly environment: Environment;
  readonly manifest: Manifest;
  readonly writer: Writer;
  readonly snapshotter: Snapshotter;
  /** Of the folds in the keys, by name. */
  readonly numbers: ReadonlyMap<string, number>;
}

function newManifest(createdAt: number): Manifest {
  return { instanceId: randomUUID(), createdAt, sequence: 0, generation: 0, folds: [] };
}
