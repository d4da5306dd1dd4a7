import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Health } from '../health.ts';
import { StoreDirectory } from './directory.ts';
import { notOpen } from './errors.ts';
import type { Faults } from './faults.ts';
import { ExclusiveLock } from './lock.ts';
import { type Manifest, newEntry } from './manifest.ts';
import { restore } from './restore.ts';
import { Segment } from './segment.ts';
import { removeSegmentsBefore, Snapshotter } from './snapshotter.ts';
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
    this.#directory.create();
    // Before anything is written there: a directory of somebody else stays as it is.
    this.#directory.survey();
    const lock = await ExclusiveLock.acquire(this.#directory.path);
    try {
      const warning = this.#directory.makePrivate();
      if (warning) this.#options.logger.warn(warning);
      await this.#directory.removeUnfinished();
      this.#opened = { lock, ...(await this.#open()) };
    } catch (error) {
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
    const { writer, snapshotter, lock } = this.#opened;
    await writer.drain();
    await snapshotter.finish(deadline);
    await lock.release();
  }

  #append(name: string, fold: Fold, records: readonly Uint8Array[]): Promise<void> {
    if (!this.#opened || this.#closing) return Promise.reject(notOpen());
    return this.#opened.writer.append(this.#opened.numbers.get(name)!, fold, records);
  }

  async #open(): Promise<Omit<Opened, 'lock'>> {
    const { clock, faults, logger, minimumLogBytes = 16 * 1024 * 1024, retryInterval = 1000 } = this.#options;
    const restored = await restore(this.#directory, this.#attached);
    const chain = restored.chain.length > 0 ? restored.chain : [await this.#createFirst()];
    const current = chain.at(-1)!;
    try {
      const manifest = await this.#addFolds(current);
      for (const segment of chain) await segment.environment.reopen();
      await removeSegmentsBefore(chain[0]!.number, this.#directory);
      const writer = new Writer({
        environment: current.environment,
        sequence: restored.sequence,
        retryInterval,
        faults,
        onApplied: (bytes) => snapshotter.onApplied(bytes),
        onFailed: (error) => this.#onFailed(error),
        onRecovered: () => this.#onRecovered(),
      });
      const snapshotter = new Snapshotter({
        directory: this.#directory,
        writer,
        chain,
        folds: this.#attached,
        logBytes: restored.logBytes,
        clock,
        faults,
        minimumLogBytes,
        onFailed: (error) =>
          logger.warn(
            { err: error },
            'A snapshot of the store was given up; the log goes on growing until the next one',
          ),
      });
      return {
        manifest,
        writer,
        snapshotter,
        numbers: new Map(manifest.folds.map(({ name }, number) => [name, number])),
      };
    } catch (error) {
      for (const segment of chain) await segment.close();
      throw error;
    }
  }

  async #createFirst(): Promise<Segment> {
    const segment = await Segment.create(this.#directory, Math.max(0, ...this.#directory.segments()) + 1);
    try {
      const createdAt = this.#options.clock.now();
      await segment.setManifest({
        instanceId: randomUUID(),
        createdAt,
        start: 0,
        isComplete: true,
        next: null,
        folds: [],
      });
      await this.#directory.mark();
      return segment;
    } catch (error) {
      await segment.close();
      throw error;
    }
  }

  /** Gives every attached fold a number, for good. */
  async #addFolds(segment: Segment): Promise<Manifest> {
    const manifest = segment.manifest!;
    const known = new Set(manifest.folds.map(({ name }) => name));
    const added = [...this.#attached.keys()].filter((name) => !known.has(name));
    if (added.length > 0)
      await segment.setManifest({ ...manifest, folds: [...manifest.folds, ...added.map(newEntry)] });
    if (!this.#directory.isMarked) await this.#directory.mark();
    return segment.manifest!;
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
  readonly manifest: Manifest;
  readonly writer: Writer;
  readonly snapshotter: Snapshotter;
  /** Of the folds in the keys, by name. */
  readonly numbers: ReadonlyMap<string, number>;
}
