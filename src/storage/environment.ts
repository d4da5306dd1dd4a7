import { open, type RootDatabase } from 'lmdb';
import type { KeyRange } from './layout.ts';
import { StorageError } from './store.ts';

/** The writes of one transaction. Buffers belong to the environment until the commit has settled. */
export interface Transaction {
  put(key: Uint8Array, value: Uint8Array): void;
  remove(key: Uint8Array): void;
}

/**
 * Address space that is reserved for the data file, not memory and not disk: the most a store can hold.
 * Fixed, because a map that grows while the bridge runs has to be remapped under its readers.
 */
const MAP_BYTES = 64 * 1024 ** 3;

/**
 * One LMDB environment, as an ordered map from bytes to bytes: the only file that knows LMDB's types.
 * One commit at a time; its promise settles after `fdatasync`.
 */
export class Environment {
  readonly #path: string;
  #root: RootDatabase<Buffer, Buffer>;

  /** @param path - the data file; its lock file lies beside it. @throws what LMDB says, as it is. */
  constructor(path: string) {
    this.#path = path;
    this.#root = openRoot(path);
  }

  get(key: Buffer): Buffer | undefined {
    return this.#root.getBinary(key);
  }

  /** Rows of the range in key order, each a copy. */
  *rows({ from, to }: KeyRange): Generator<{ key: Buffer; value: Buffer }> {
    for (const { key, value } of this.#root.getRange({ start: from, end: to })) yield { key: asBuffer(key), value };
  }

  /** Keys of the range in order, without reading values. */
  *keys({ from, to }: KeyRange): Generator<Buffer> {
    for (const key of this.#root.getKeys({ start: from, end: to })) yield asBuffer(key);
  }

  /**
   * Writes everything that `fill` puts and removes as one transaction. Resolves when it is on disk.
   * @throws StorageError `ERR_STORAGE_COMMIT`: nothing of it is visible. Call `reopen()` before the next commit.
   */
  async commit(fill: (transaction: Transaction) => void): Promise<void> {
    const root = this.#root;
    try {
      await root.batch(() =>
        fill({
          put: (key, value) => root.put(asBuffer(key), asBuffer(value)),
          remove: (key) => root.remove(asBuffer(key)),
        }),
      );
    } catch (error) {
      throw new StorageError('ERR_STORAGE_COMMIT', `cannot write ${this.#path}: ${await reasonOf(error)}`, {
        cause: error,
      });
    }
  }

  /** Closes and opens again, which is what LMDB asks for after a failed write. */
  async reopen(): Promise<void> {
    await this.close();
    this.#root = openRoot(this.#path);
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

function openRoot(path: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: MAP_BYTES,
    // Without it a promise would resolve before the data is on disk.
    overlappingSync: false,
    // The store collects what belongs into one transaction itself; waiting for the end of the turn again is only latency.
    eventTurnBatching: false,
    permissionsMode: 0o600,
  } as Parameters<typeof open>[0]) as RootDatabase<Buffer, Buffer>;
}

/**
 * lmdb-js rejects a write with a general message and hangs the cause on it as a second promise, which rejects too.
 * Whoever does not take that one as well ends the process with an unhandled rejection.
 */
async function reasonOf(error: unknown): Promise<string> {
  const cause = (error as { commitError?: Promise<unknown> }).commitError;
  if (cause === undefined) return String((error as Error).message ?? error);
  return cause.then(
    () => String((error as Error).message),
    (reason: Error) => reason.message,
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
