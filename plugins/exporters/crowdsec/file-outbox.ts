import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makeDirectory } from '../../../src/storage/make-directory.ts';
import type { Fold, Journal } from '../../../src/storage/store.ts';
import { encodeFrame, readFrames } from './file-frames.ts';
import { FileLock } from './file-lock.ts';
import type { OutboxStorage } from './usage-metrics-exporter.ts';

/** The log is written anew from the state once it is this long, and four times as long as the state was. */
const COMPACT_FROM = 1024 * 1024;
const HEADER = Buffer.from('crowdsec usage-metrics outbox 1\n');

/**
 * Keeps windows in one file: each step is on disk before it counts, so what LAPI has not taken is sent by the next
 * process. One process at a time; on a local disk.
 * @param path - of the file; its directory is created. Beside it stand `PATH.lock` and, for moments, `PATH.new`.
 */
export function fileOutbox(path: string): OutboxStorage {
  return new FileOutbox(path);
}

class FileOutbox implements OutboxStorage {
  readonly #path: string;
  readonly #lock: FileLock;
  #fold: Fold | undefined;
  #file: FileHandle | undefined;
  /** Bytes of the file that are good. */
  #length = 0;
  #compacted = 0;
  /** A write failed: what it left beyond the good length has to go before the next one. */
  #torn = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
    this.#lock = new FileLock(`${path}.lock`);
  }

  attach(fold: Fold): Journal {
    if (this.#fold) throw new Error(`the outbox ${this.#path} belongs to one exporter: give each its own file`);
    this.#fold = fold;
    return {
      append: (records) => {
        const done = this.#last.then(() => this.#append(fold, records));
        this.#last = done.catch(() => {});
        return done;
      },
    };
  }

  async open(): Promise<void> {
    makeDirectory(dirname(this.#path));
    await this.#lock.take();
    try {
      await this.#load(this.#fold!);
      await this.#compact(this.#fold!);
    } catch (error) {
      await this.#lock.release();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
    await this.#lock.release();
  }

  async #load(fold: Fold): Promise<void> {
    const bytes = await readFile(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return HEADER;
      throw error;
    });
    if (!bytes.subarray(0, HEADER.length).equals(HEADER)) {
      throw new Error(`${this.#path} is not an outbox of this version: move it away, or name another file`);
    }
    const { snapshot, appends } = readFrames(bytes, HEADER.length, this.#path);
    fold.restore(snapshot);
    for (const records of appends) for (const record of records) fold.apply(record);
  }

  async #append(fold: Fold, records: readonly Uint8Array[]): Promise<void> {
    if (!this.#file) throw new Error(`the outbox ${this.#path} is not open`);
    const frame = encodeFrame('records', records);
    try {
      if (this.#torn) await this.#file.truncate(this.#length);
      this.#torn = true;
      await writeAll(this.#file, frame, this.#length);
      await this.#file.datasync();
      this.#torn = false;
    } catch (error) {
      throw new Error(`the outbox ${this.#path} cannot be written: ${(error as Error).message}`, { cause: error });
    }
    this.#length += frame.length;
    for (const record of records) fold.apply(record);
    if (this.#length > COMPACT_FROM && this.#length > 4 * this.#compacted) await this.#compact(fold).catch(() => {});
  }

  /** Writes the state to a new file and puts it in the place of the old one: at any moment one of them is whole. */
  async #compact(fold: Fold): Promise<void> {
    const fresh = `${this.#path}.new`;
    const file = await open(fresh, 'w', 0o600);
    try {
      let length = HEADER.length;
      await writeAll(file, HEADER, 0);
      for (const piece of fold.snapshot()) {
        const frame = encodeFrame('snapshot', [piece]);
        await writeAll(file, frame, length);
        length += frame.length;
      }
      await file.datasync();
      await rename(fresh, this.#path);
      await syncDirectory(dirname(this.#path));
      const old = this.#file;
      this.#file = file;
      this.#length = length;
      this.#compacted = length;
      this.#torn = false;
      await old?.close();
    } catch (error) {
      if (this.#file !== file) await file.close();
      throw error;
    }
  }
}

/** A write may take less than it was given, on a disk that is nearly full. */
async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
