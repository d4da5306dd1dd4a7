import { readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type Disk, type DiskFile, systemDisk } from './disk.ts';
import { locked } from './errors.ts';
import { LOCK } from './layout.ts';

/** Keeps a second process out of a directory. */
export interface DirectoryLock {
  /**
   * @param option - the setting that names the directory, for messages.
   * @throws StorageError `ERR_STORAGE_LOCKED` at once when another process, or this one, has the directory.
   */
  acquire(directory: string, option: string): Promise<void>;
  /** Holds a file of the log as well, so that a second process is kept out though the lock's own file is gone. @throws the same */
  hold(file: DiskFile): void;
  /** After all files that it holds are closed. Twice does no harm. */
  release(): Promise<void>;
}

/** @returns whether it was to be had. Kept until the file is closed, or the process has ended in whatever way. */
type TryLock = (fd: number) => boolean;

/** The kernel's lock on an open file. @returns undefined where the package has no binary for this platform. */
export function loadKernelLock(): TryLock | undefined {
  try {
    const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as { tryLock: TryLock };
    return (fd) => tryLock(fd);
  } catch {
    return undefined;
  }
}

/**
 * Locks of the kernel on open files (`F_OFD_SETLK`), which Node itself has not: they hold between containers that share a
 * volume, and the kernel lets go of them however the process ends. The segment that is written to is locked like the lock's
 * own file: whoever deletes that one lets nobody in.
 */
export class KernelLock implements DirectoryLock {
  static readonly #heldHere = new Set<string>();

  readonly #tryLock: TryLock;
  readonly #disk: Disk;
  #directory = '';
  #option = '';
  #file: DiskFile | undefined;

  constructor(tryLock: TryLock, disk: Disk = systemDisk) {
    this.#tryLock = tryLock;
    this.#disk = disk;
  }

  async acquire(directory: string, option: string): Promise<void> {
    this.#directory = realpathSync(directory);
    this.#option = option;
    const path = join(this.#directory, LOCK);
    for (;;) {
      const file = await this.#disk.open(path, 'write');
      if (!this.#tryLock(file.fd)) {
        await file.close();
        throw locked(directory, holderOf(path, KernelLock.#heldHere.has(this.#directory)), option);
      }
      // It may have been deleted between the two steps: then another process has a lock on another file.
      if (file.isAt(path)) {
        this.#file = file;
        break;
      }
      await file.close();
    }
    KernelLock.#heldHere.add(this.#directory);
    // For whoever is refused; without room for it the lock holds as well.
    const holder = Buffer.from(`${process.pid}\n`);
    await this.#file.write(holder, 0).then(
      () => this.#file?.truncate(holder.length),
      () => {},
    );
  }

  hold(file: DiskFile): void {
    if (!this.#tryLock(file.fd))
      throw locked(this.#directory, 'another process, whose lock file was deleted', this.#option);
  }

  async release(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (!file) return;
    KernelLock.#heldHere.delete(this.#directory);
    await file.close();
  }
}

function holderOf(path: string, isHere: boolean): string {
  const pid = Number.parseInt(readFileSync(path, 'latin1'), 10);
  if (Number.isNaN(pid)) return 'another process';
  if (pid !== process.pid) return `process ${pid}`;
  return isHere ? `this process (${pid}) already` : `a process of another container (its PID there is ${pid} too)`;
}
