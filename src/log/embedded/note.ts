import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Disk, writeWhole } from './disk.ts';
import { NOTE } from './layout.ts';

/** A small file apart from the log; when it goes, it is overwritten first. */
export class Note {
  text: Uint8Array | undefined;
  readonly #disk: Disk;
  readonly #directory: string;
  readonly #path: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
    this.#path = join(directory, NOTE);
  }

  /** Finds it, and finishes what a cut of the power left half overwritten: what it was for had been done by then. */
  async read(): Promise<void> {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return;
    const bytes = readFileSync(this.#path);
    if (bytes.includes(0)) await this.#remove(size);
    else this.text = bytes;
  }

  /** @param text - without a zero byte. */
  async write(text: Uint8Array | undefined): Promise<void> {
    if (text !== undefined) {
      await writeWhole(this.#disk, this.#directory, this.#path, text);
      this.text = text;
      return;
    }
    if (this.text === undefined) return;
    await this.#remove(this.text.length);
    this.text = undefined;
  }

  async #remove(size: number): Promise<void> {
    const file = await this.#disk.open(this.#path, 'write');
    try {
      await file.write(Buffer.alloc(size), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.#disk.remove(this.#path);
    await this.#disk.syncDirectory(this.#directory);
  }
}
