import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from './lock.ts';
import { RESTORE } from './manifest.ts';
import { StorageError } from './store.ts';

const DATA_FILE = 'data.mdb';
/** Written when the store is complete: without it, a store whose data file is gone would look like one that never was. */
const MARKER_FILE = 'couic-otel-bridge.store';
const MARKER_TEXT = `State of couic-otel-bridge: reports taken, active rules, windows not yet sent. Keep these files together.
To back it up, stop the bridge and copy the directory. To start anew, stop the bridge and move the directory away.
`;
/** What an interrupted first start, or a file system, leaves behind. */
const HARMLESS = new Set([LOCK_FILE, `${LOCK_FILE}-lock`, `${DATA_FILE}-lock`, 'lost+found']);

/** The directory that a store lives in. */
export class StoreDirectory {
  readonly path: string;
  readonly #warn: (message: string) => void;

  constructor(path: string, warn: (message: string) => void) {
    this.path = path;
    this.#warn = warn;
  }

  get dataFile(): string {
    return join(this.path, DATA_FILE);
  }

  /** Whether a store was completed here at some time. */
  get isMarked(): boolean {
    return existsSync(join(this.path, MARKER_FILE));
  }

  /**
   * Creates the directory if need be (0700), or takes other users' rights to an existing one away.
   * @throws StorageError when it cannot be written to.
   */
  prepare(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      accessSync(this.path, constants.R_OK | constants.W_OK | constants.X_OK);
      if (existsSync(this.dataFile)) closeSync(openSync(this.dataFile, 'r+'));
      else this.#probe();
    } catch (error) {
      throw refusal(this.path, error as NodeJS.ErrnoException);
    }
    const mode = statSync(this.path).mode & 0o777;
    if ((mode & 0o077) === 0) return;
    const was = `${this.path} was open to other users (mode ${mode.toString(8)})`;
    try {
      chmodSync(this.path, mode & 0o700);
      this.#warn(`${was}; it is now ${(mode & 0o700).toString(8)}`);
    } catch {
      this.#warn(
        `${this.path} is open to other users (mode ${mode.toString(8)}) and belongs to another one, so the bridge cannot change that: run chmod 700 on it`,
      );
    }
  }

  /**
   * Whether a store is here, or none yet.
   * @throws StorageError when there is something else, or only a part of a store.
   */
  survey(): 'store' | 'empty' {
    if (existsSync(this.dataFile)) return 'store';
    if (this.isMarked)
      throw new StorageError(
        'ERR_STORAGE_DAMAGED',
        `${this.dataFile} is missing, though a store was kept in this directory. ${RESTORE}`,
      );
    const others = readdirSync(this.path).filter((name) => !HARMLESS.has(name));
    if (others.length === 0) return 'empty';
    throw new StorageError(
      'ERR_STORAGE_FOREIGN',
      `${this.path} is not empty and holds no store of the bridge (${others.slice(0, 3).join(', ')}${others.length > 3 ? ', …' : ''}). Give the bridge an empty directory, or one that does not exist yet (extensions::file_storage::directory).`,
    );
  }

  /** Makes the data file's own entry durable, and says that a store is complete. */
  mark(): void {
    writeFileSync(join(this.path, MARKER_FILE), MARKER_TEXT, { mode: 0o600, flush: true });
    const descriptor = openSync(this.path, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }

  #probe(): void {
    accessSync(this.path, constants.W_OK);
  }
}

function refusal(path: string, error: NodeJS.ErrnoException): StorageError {
  switch (error.code) {
    case 'EROFS':
      return new StorageError(
        'ERR_STORAGE_READ_ONLY',
        `${path} is on a read-only file system. The bridge keeps its state there: mount it writable, or choose another directory.`,
        { cause: error },
      );
    case 'EACCES':
    case 'EPERM':
      return new StorageError(
        'ERR_STORAGE_READ_ONLY',
        `${path} cannot be written by user ${process.getuid?.() ?? '?'} (${error.syscall} ${error.path}: ${error.code}). Change its owner, or choose another directory.`,
        { cause: error },
      );
    case 'EEXIST':
    case 'ENOTDIR':
      return new StorageError(
        'ERR_STORAGE_FOREIGN',
        `${path} is not a directory. Name a directory for the bridge's state.`,
        { cause: error },
      );
    default:
      return new StorageError(
        'ERR_STORAGE_READ_ONLY',
        `${path} cannot be used as the bridge's state directory: ${error.message}`,
        { cause: error },
      );
  }
}
