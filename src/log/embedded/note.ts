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

  read(): void {
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    const bytes = size === 0 ? undefined : readFileSync(this.#path);
    // One that was overwritten had done what it was for.
    this.text = bytes?.some((byte) => byte !== 0) ? bytes : undefined;
  }

  async write(text: Uint8Array | undefined): Promise<void> {
    if (text !== undefined) {
      await writeWhole(this.#disk, this.#directory, this.#path, text);
      this.text = text;
      return;
    }
    if (this.text === undefined) return;
    const file = await this.#disk.open(this.#path, 'write');
    try {
      await file.write(Buffer.alloc(this.text.length), 0);
      await file.sync();
    } finally {
      await file.close();
    }
    this.text = undefined;
    await this.#disk.remove(this.#path);
    await this.#disk.syncDirectory(this.#directory);
  }
}
