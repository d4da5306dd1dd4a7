import {
  close,
  constants,
  fdatasync,
  fstatSync,
  ftruncate,
  open,
  rename,
  rm,
  type Stats,
  statSync,
  write,
} from 'node:fs';
import { promisify } from 'node:util';

const opened = promisify(open);
const closed = promisify(close);
const synced = promisify(fdatasync);
const truncated = promisify(ftruncate);

/** `synced`: what a write returned for is on disk, which saves the way to a thread that a sync of its own takes. */
export type OpenMode = 'read' | 'new' | 'write' | 'synced';

const FLAGS: Record<OpenMode, number> = {
  read: constants.O_RDONLY,
  new: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
  write: constants.O_RDWR | constants.O_CREAT,
  synced: constants.O_RDWR | constants.O_DSYNC,
};

/** All that the engine does to its files while it runs: so that tests can fail it, and cut the power between any two steps. */
export interface Disk {
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes a directory's entries durable; a file's own sync does not promise that. */
  syncDirectory(path: string): Promise<void>;
}

export interface DiskFile {
  readonly fd: number;
  /** Writes all of it. @throws the system's error; a part may be written then. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  sync(): Promise<void>;
  truncate(length: number): Promise<void>;
  /** Whether the file that a path leads to is still this one. */
  isAt(path: string): boolean;
  close(): Promise<void>;
}

class SystemFile implements DiskFile {
  readonly fd: number;
  readonly #stats: Stats;

  constructor(fd: number) {
    this.fd = fd;
    this.#stats = fstatSync(fd);
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      // A write may take less than it was given, on a disk that is nearly full.
      const writeFrom = (at: number) =>
        write(this.fd, bytes, at, bytes.length - at, position + at, (error, written) => {
          if (error) reject(error);
          else if (at + written < bytes.length) writeFrom(at + written);
          else resolve();
        });
      writeFrom(0);
    });
  }

  sync(): Promise<void> {
    return synced(this.fd);
  }

  truncate(length: number): Promise<void> {
    return truncated(this.fd, length);
  }

  isAt(path: string): boolean {
    // In this thread: 2 µs, where a way to another costs 40. The disk has just answered, so it does not hang here.
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.ino === this.#stats.ino && found.dev === this.#stats.dev;
  }

  close(): Promise<void> {
    return closed(this.fd);
  }
}

export const systemDisk: Disk = {
  open: async (path, mode) => new SystemFile(await opened(path, FLAGS[mode], 0o600)),
  rename: promisify(rename),
  remove: (path) => promisify(rm)(path, { force: true }),
  async syncDirectory(path) {
    const fd = await opened(path, constants.O_RDONLY);
    try {
      await promisify(fdatasync)(fd);
    } finally {
      await closed(fd);
    }
  },
};

/** Puts a file in its place, whole, or not at all. */
export async function writeWhole(disk: Disk, directory: string, path: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${path}.new`;
  try {
    await writeNew(disk, unfinished, bytes);
    await disk.rename(unfinished, path);
  } catch (error) {
    // On a full disk it would keep the room that everything else waits for.
    await disk.remove(unfinished).catch(() => {});
    throw error;
  }
  await disk.syncDirectory(directory);
}

async function writeNew(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = await disk.open(path, 'new');
  try {
    await file.write(bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}
