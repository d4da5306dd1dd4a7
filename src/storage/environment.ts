import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import type { KeyRange } from './layout.ts';
import { Reserve } from './reserve.ts';
import { StorageError } from './store.ts';

/** One key with its value. */
export interface Row {
  readonly key: Buffer;
  readonly value: Uint8Array;
}

/** What one transaction does. Buffers belong to the environment until the commit has settled. */
export interface Change {
  readonly put?: readonly Row[];
  readonly remove?: readonly Buffer[];
}

/**
 * Address space that is reserved for the data file: no memory, no disk. Fixed, since a map that grows while the bridge
 * runs is moved under its readers. It bounds the size of a store.
 */
const MAP_BYTES = 64 * 1024 ** 3;

/**
 * One LMDB environment, as an ordered map from bytes to bytes. One commit at a time; it resolves after `fdatasync`.
 * A file must have passed `checkDataFile` before it is opened.
 */
export class Environment {
  readonly #path: string;
  #root: RootDatabase<Buffer, Buffer>;
  #reserve: Reserve | undefined;
  /** LMDB has failed to write; it wants to be opened anew. */
  #isBroken = false;

  /** @param path - the data file, its lock file beside it: both are there, see `createLmdbFiles`. @throws what LMDB says. */
  constructor(path: string) {
    this.#path = path;
    this.#root = openRoot(path);
    this.#reserve = new Reserve(path);
  }

  get(key: Buffer): Buffer | undefined {
    return this.#root.getBinary(key);
  }

  /** Rows of the range in key order, each a copy. */
  *rows({ from, to }: KeyRange): Generator<{ key: Buffer; value: Buffer }> {
    for (const { key, value } of this.#root.getRange({ start: from, end: to })) yield { key: asBuffer(key), value };
  }

  /** Rows from the start of the range, of about as many bytes and at least one, and the range that is left. */
  part(range: KeyRange, bytes: number): { rows: Row[]; rest: KeyRange | undefined } {
    const rows: Row[] = [];
    let left = bytes;
    for (const row of this.rows(range)) {
      if (left <= 0) return { rows, rest: { from: row.key, to: range.to } };
      rows.push(row);
      left -= row.value.length;
    }
    return { rows, rest: undefined };
  }

  /** Whether there is anything in the range. */
  has(range: KeyRange): boolean {
    for (const _ of this.keys(range)) return true;
    return false;
  }

  /** Keys of the range in order, without reading values. */
  *keys({ from, to }: KeyRange): Generator<Buffer> {
    for (const key of this.#root.getKeys({ start: from, end: to })) yield asBuffer(key);
  }

  /**
   * Makes one change as one transaction. Resolves when it is on disk.
   * @throws StorageError `ERR_STORAGE_COMMIT`: nothing of it is there. `recover()` before the next commit.
   */
  async commit({ put = [], remove = [] }: Change): Promise<void> {
    if (this.#isBroken) throw await this.#failure('an earlier write failed', undefined);
    try {
      let bytes = 0;
      for (const { value } of put) bytes += value.length;
      const growing = this.#reserve?.ensure(put.length + remove.length, bytes);
      if (growing) await growing;
    } catch (error) {
      throw await this.#failure((error as Error).message, error);
    }
    const root = this.#root;
    try {
      await root.batch(() => {
        for (const { key, value } of put) root.put(key, value as Buffer);
        for (const key of remove) root.remove(key);
      });
    } catch (error) {
      this.#isBroken = true;
      throw await this.#failure(await causeOf(error), error);
    }
  }

  /** Opens LMDB again when it failed, which drops whatever it had not committed. @throws the system's error. */
  async recover(): Promise<void> {
    if (this.#isBroken) await this.reopen();
    this.#isBroken = false;
  }

  /** Gives the memory back into which the file was mapped as it was read. @throws the system's error. */
  async reopen(): Promise<void> {
    await this.close();
    this.#root = openRoot(this.#path);
    this.#reserve = new Reserve(this.#path);
  }

  /** Twice does no harm. */
  async close(): Promise<void> {
    await this.#root.close();
    this.#reserve?.close();
    this.#reserve = undefined;
  }

  async #failure(what: string, cause: unknown): Promise<StorageError> {
    const free = await statfs(dirname(this.#path)).then(
      ({ bavail, bsize }) =>
        `${Math.floor((bavail * bsize) / 1024)} KiB are free on its file system. Make room if it is full; otherwise see to the disk.`,
      () => 'See to the disk.',
    );
    return new StorageError(
      'ERR_STORAGE_COMMIT',
      `cannot write ${this.#path}: ${what}; ${free} The bridge goes on by itself.`,
      { cause },
    );
  }
}

function openRoot(path: string): RootDatabase<Buffer, Buffer> {
  const options = {
    path,
    noSubdir: true,
    encoding: 'binary' as const,
    keyEncoding: 'binary' as const,
    mapSize: MAP_BYTES,
    // With it a commit resolves before its data is on disk.
    overlappingSync: false,
    // The writer collects what belongs together itself.
    eventTurnBatching: false,
    permissionsMode: 0o600,
  };
  return open<Buffer, Buffer>(options);
}

/**
 * lmdb-js rejects with a general error and hangs the cause on it as a second promise that rejects later. Nobody else
 * takes that one, and an unhandled rejection ends the process.
 */
async function causeOf(error: unknown): Promise<string> {
  try {
    await (error as { commitError?: Promise<never> }).commitError;
    return (error as Error).message;
  } catch (cause) {
    return (cause as Error).message;
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
