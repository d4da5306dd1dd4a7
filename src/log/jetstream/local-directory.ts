import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { acquireLock } from '../embedded/acquire-lock.ts';
import { createDirectory, makePrivate, notEmpty } from '../embedded/directory.ts';
import { systemDisk, writeWhole } from '../embedded/disk.ts';
import { isOfOthers, MANIFEST } from '../embedded/layout.ts';
import type { DirectoryLock } from '../embedded/lock.ts';
import type { LogIdentity } from '../log.ts';
import { StorageError } from '../storage-error.ts';

/** Who this bridge is, and which log it has worked on. */
const BRIDGE = 'bridge.json';
/** A copy of the newest snapshot that it has read or written, so that a start need not fetch it. */
const SNAPSHOT = 'snapshot';
const OPTION = 'extensions::jetstream_storage::directory';

interface Kept {
  readonly instanceId: string;
  readonly logId?: string | undefined;
  readonly leaseRun?: string | undefined;
}

/** What a bridge keeps on its own host: all of it can be had again but who it is. */
export class LocalDirectory {
  readonly path: string;
  readonly #logger: Pick<Logger, 'warn'>;
  #lock: DirectoryLock | undefined;
  #kept: Kept = { instanceId: '' };

  constructor(path: string, logger: Pick<Logger, 'warn'>) {
    this.path = path;
    this.#logger = logger;
  }

  /** Twice does no harm. @throws StorageError when another process has it, when it cannot be written to, holds the log of file_storage, or is somebody else's. */
  async open(): Promise<void> {
    if (this.#lock) return;
    createDirectory(this.path, OPTION);
    // Before anything is written there, and the rights of others are taken away.
    const names = readdirSync(this.path);
    if (isOfOthers(names) && ![MANIFEST, BRIDGE].some((name) => names.includes(name)))
      throw notEmpty(this.path, names, OPTION);
    this.#lock = await acquireLock(this.path, { logger: this.#logger as Logger }, OPTION);
    try {
      if (existsSync(join(this.path, MANIFEST)))
        throw new StorageError(
          'ERR_STORAGE_FOREIGN',
          `${this.path} holds a log of file_storage. Give the bridge a directory of its own (${OPTION}).`,
        );
      const warning = makePrivate(this.path);
      if (warning) this.#logger.warn(warning);
      this.#kept = this.#read();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  get instanceId(): string {
    return this.#kept.instanceId;
  }

  /** Of the log that this bridge has worked on. */
  get logId(): string | undefined {
    return this.#kept.logId;
  }

  /** Of this bridge's process that had the lease last. */
  get leaseRun(): string | undefined {
    return this.#kept.leaseRun;
  }

  async worksOn(logId: string): Promise<void> {
    if (logId !== this.#kept.logId) await this.#know({ logId });
  }

  /** What cannot be written costs the next process the wait that any other bridge has. */
  async hasLease(run: string): Promise<void> {
    await this.#know({ leaseRun: run }).catch((error) =>
      this.#logger.warn(
        { err: error },
        `Who has the lease could not be kept in ${this.path}: killed, this bridge will wait 10 s for it after its next start`,
      ),
    );
  }

  /** Takes the place of a bridge that kept the log elsewhere. */
  async become({ instanceId, logId }: LogIdentity): Promise<void> {
    this.#kept = { instanceId };
    await this.worksOn(logId);
  }

  async #know(more: Partial<Kept>): Promise<void> {
    this.#kept = { ...this.#kept, ...more };
    await this.#write(BRIDGE, Buffer.from(`${JSON.stringify(this.#kept, undefined, 2)}\n`));
  }

  /** @param digest - as the object store has it. @returns the copy, if it is that snapshot. */
  cached(digest: string): Uint8Array | undefined {
    try {
      const bytes = readFileSync(join(this.path, SNAPSHOT));
      return digestOf(bytes) === digest ? bytes : undefined;
    } catch {
      return undefined;
    }
  }

  /** What cannot be written is fetched the next time. */
  async keep(snapshot: Uint8Array): Promise<void> {
    await this.#write(SNAPSHOT, snapshot).catch((error) =>
      this.#logger.warn(
        { err: error },
        `No copy of the snapshot could be kept in ${this.path}; the next start fetches it`,
      ),
    );
  }

  /** Safe before `open()`, and twice. */
  async close(): Promise<void> {
    await this.#lock?.release();
    this.#lock = undefined;
  }

  #read(): Kept {
    const path = join(this.path, BRIDGE);
    if (!existsSync(path)) return { instanceId: randomUUID() };
    try {
      const { instanceId, logId, leaseRun } = JSON.parse(readFileSync(path, 'utf8')) as Kept;
      if (typeof instanceId === 'string' && typeof logId === 'string') return { instanceId, logId, leaseRun };
    } catch {}
    throw new StorageError(
      'ERR_STORAGE_DAMAGED',
      `${path} is damaged. Delete it: the bridge then counts as another one of its log, and loses nothing else.`,
    );
  }

  #write(name: string, bytes: Uint8Array): Promise<void> {
    return writeWhole(systemDisk, this.path, join(this.path, name), bytes);
  }
}

/** As the client of object stores writes it. */
function digestOf(bytes: Uint8Array): string {
  const hash = createHash('sha256').update(bytes).digest('base64');
  return `SHA-256=${hash.replaceAll('+', '-').replaceAll('/', '_')}`;
}
