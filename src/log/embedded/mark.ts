import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Position } from '../log.ts';
import type { Disk, DiskFile } from './disk.ts';
import { MARK } from './layout.ts';

/** Milliseconds that it may lag behind. */
const LAG = 100;

/**
 * A small file that says how far the log had come a moment ago, at least: so a cut tail that took whole commits is noticed
 * where no later segment tells of them. Never synced but at the end: what it says was on disk before. f64, u32 CRC of it.
 */
export class Mark {
  readonly #disk: Disk;
  readonly #path: string;
  #file: DiskFile | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #at: () => Position = () => 0;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#path = join(directory, MARK);
  }

  /** @returns 0 when it says nothing. */
  read(): Position {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      return 0;
    }
    return bytes.length === 12 && crc32(bytes.subarray(0, 8)) === bytes.readUInt32LE(8) ? bytes.readDoubleLE(0) : 0;
  }

  /** The log has come further. @param at - where it is, asked for when the mark is written. */
  move(at: () => Position): void {
    this.#at = at;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write();
    }, LAG).unref();
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#writing;
    if (this.#at() === 0) return;
    await this.#write();
    await this.#file?.sync().catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
  }

  /** Nothing depends on it: on a full disk it stays as it was. */
  async #write(): Promise<void> {
    const bytes = Buffer.alloc(12);
    bytes.writeDoubleLE(this.#at());
    bytes.writeUInt32LE(crc32(bytes.subarray(0, 8)), 8);
    try {
      this.#file ??= await this.#disk.open(this.#path, 'write');
      await this.#file.write(bytes, 0);
    } catch {}
  }
}
