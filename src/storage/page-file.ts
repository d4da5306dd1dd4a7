import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes read at once: pages that belong together mostly lie together. */
const BLOCK_BYTES = 256 * 1024;
const BLOCKS_KEPT = 32;

/** The file holds no page with this number. */
export class PageOutOfFile extends Error {
  readonly page: number;

  constructor(page: number) {
    super(`page ${page} lies behind the end of the file`);
    this.page = page;
  }
}

/** Reads pages of a file with plain reads, which report a bad sector as an error where a memory map would end the process. */
export class PageFile {
  readonly size: number;
  readonly #descriptor: number;
  readonly #blocks = new Map<number, Buffer>();

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
    this.size = fstatSync(this.#descriptor).size;
  }

  /** Bytes from `offset` on; fewer at the end of the file. */
  read(offset: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, length, offset));
  }

  /** @param pageSize - a power of two of at most 64 KiB, the same in every call. @throws PageOutOfFile */
  page(page: number, pageSize: number): Buffer {
    const offset = page * pageSize;
    const block = this.#block(Math.floor(offset / BLOCK_BYTES));
    const start = offset % BLOCK_BYTES;
    if (start + pageSize > block.length) throw new PageOutOfFile(page);
    return block.subarray(start, start + pageSize);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #block(index: number): Buffer {
    let block = this.#blocks.get(index);
    if (block) return block;
    block = this.read(index * BLOCK_BYTES, BLOCK_BYTES);
    this.#blocks.set(index, block);
    if (this.#blocks.size > BLOCKS_KEPT) this.#blocks.delete(this.#blocks.keys().next().value!);
    return block;
  }
}
