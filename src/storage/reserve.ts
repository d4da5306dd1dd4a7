import { closeSync, constants, fstatSync, openSync, write } from 'node:fs';
import { promisify } from 'node:util';
import { newestMeta } from './check-data-file.ts';
import { PageFile } from './page-file.ts';

/** Pages that a transaction may write beside its rows: the tree's upper levels, the list of free pages. */
const SLACK_BYTES = 1024 * 1024;
/** By how much more than needed the file grows, so that it rarely does. */
const STEP_BYTES = 1024 * 1024;

/** How much longer than needed the file is at least, whenever it is looked at. */
const SPARE_BYTES = 1024 * 1024;

/** Pages that a transaction copies at most beside those of its rows: one for each level of both trees. */
const TREE_PAGES = 32;

const ZEROS = Buffer.alloc(1024 * 1024);
const writeAt = promisify(write);

/**
 * Keeps the data file longer than what LMDB uses of it, by at least what the next transaction may add.
 *
 * So a full disk is met here, by a plain write with a plain error, and not inside LMDB, whose own report of a failed
 * write has been seen to overrun its buffer and end the process. It also makes commits cheaper: LMDB writes into space
 * that is there already, and the sync has no file size to record.
 */
export class Reserve {
  readonly #descriptor: number;
  readonly #file: PageFile;
  readonly #pageSize: number;
  /** Pages that the file has. */
  #pages: number;
  /** Pages that LMDB uses at most. */
  #used = 0;

  /** @param path - a data file that LMDB has open, or had. */
  constructor(path: string) {
    this.#descriptor = openSync(path, constants.O_RDWR);
    this.#file = new PageFile(path);
    const meta = newestMeta(this.#file);
    this.#pageSize = meta.pageSize;
    this.#pages = Math.floor(fstatSync(this.#descriptor).size / meta.pageSize);
    this.#used = meta.lastPage + 1;
  }

  /**
   * Makes sure of the room for one transaction; to be called while none is under way.
   * @returns a promise only when the file has to grow. It rejects with the system's error when it cannot.
   */
  ensure(rows: number, bytes: number): Promise<void> | undefined {
    // A row takes at most the pages of its value, one more to start them on, and two of the tree when it splits.
    const needed = Math.ceil(bytes / this.#pageSize) + rows * 3;
    const room = needed + SLACK_BYTES / this.#pageSize;
    let wanted = this.#used + room;
    if (wanted > this.#pages) {
      this.#used = newestMeta(this.#file).lastPage + 1;
      // Some more than needed, or each of the next transactions would have to look how much LMDB used.
      wanted = this.#used + room + SPARE_BYTES / this.#pageSize;
    }
    this.#used += needed + TREE_PAGES;
    return wanted > this.#pages ? this.#grow(wanted) : undefined;
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#file.close();
  }

  /** @param wanted - pages that there must be; some more are nice to have. */
  async #grow(wanted: number): Promise<void> {
    const end = wanted * this.#pageSize + STEP_BYTES;
    let at = this.#pages * this.#pageSize;
    try {
      while (at < end)
        at += (await writeAt(this.#descriptor, ZEROS, 0, Math.min(ZEROS.length, end - at), at)).bytesWritten;
    } catch (error) {
      if (at < wanted * this.#pageSize) throw error;
    } finally {
      this.#pages = Math.floor(at / this.#pageSize);
    }
  }
}
