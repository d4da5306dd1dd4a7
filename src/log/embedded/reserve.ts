import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { RESERVE } from './layout.ts';

const LEAST = 256 * 1024;
/** What it is longer than the last snapshot: state grows, and the log needs some room to go on in a new segment. */
const GROWTH = 1.25;
const SPARE = 128 * 1024;
const STEP = 1024 * 1024;

/**
 * Room for the next snapshot, taken while there was some: the snapshot is written over it. So the log can be cut on a
 * disk that is full, and a bridge that filled a small one finds its way out.
 */
export class Reserve {
  readonly path: string;
  readonly #disk: Disk;

  constructor(disk: Disk, directory: string) {
    this.path = join(directory, RESERVE);
    this.#disk = disk;
  }

  open(): Promise<DiskFile> {
    return this.#disk.open(this.path, 'write');
  }

  /** Overwrites what was written there. @throws the error of the file system. */
  async wipe(): Promise<void> {
    const file = await this.open();
    try {
      const { size } = statSync(this.path);
      for (let at = 0; at < size; at += STEP) await file.write(Buffer.alloc(Math.min(STEP, size - at)), at);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Makes it as long as is wise for snapshots of so many bytes; shorter where there is no room. */
  async fit(snapshotBytes: number): Promise<void> {
    const wanted = Math.max(LEAST, Math.ceil(snapshotBytes * GROWTH) + SPARE);
    try {
      const file = await this.open();
      try {
        let { size } = statSync(this.path);
        if (size > wanted * 2) await file.truncate(wanted);
        for (; size < wanted; size += STEP) await file.write(Buffer.alloc(Math.min(STEP, wanted - size)), size);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch {}
  }
}
