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
import { damaged, foreign } from './errors.ts';
import { LOCK_FILE } from './lock.ts';
import { StorageError } from './store.ts';

const DATA_FILE = 'data.mdb';
/** Written once a store is complete: without it, a store whose data file is gone would look like one that never was. */
const MARKER_FILE = 'couic-otel-bridge.store';
const MARKER_TEXT = `State of couic-otel-bridge: totals, active rules, windows not yet sent. These files belong together.
To back it up, stop the bridge and copy the directory. To start anew, stop the bridge and move the directory away.
`;
/** What a first start that was interrupted leaves behind, and what file systems put there themselves. */
const HARMLESS = new Set([DATA_FILE, `${DATA_FILE}-lock`, LOCK_FILE, `${LOCK_FILE}-lock`, 'lost+found']);
const OTHERS_SHOWN = 3;

/** The directory that a store lives in. */
export class StoreDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  get dataFile(): string {
    return join(this.path, DATA_FILE);
  }

  /** Whether a store was completed here at some time. */
  get isMarked(): boolean {
    return existsSync(join(this.path, MARKER_FILE));
  }

  /** Creates it if need be, for its owner alone. @throws StorageError when it cannot be written to. */
  create(): void {
    try {
      mkdirSync(this.path, { recursive: true, mode: 0o700 });
      accessSync(this.path, constants.R_OK | constants.W_OK | constants.X_OK);
      if (existsSync(this.dataFile)) accessSync(this.dataFile, constants.R_OK | constants.W_OK);
    } catch (error) {
      throw refusal(this.path, error as NodeJS.ErrnoException);
    }
  }

  /**
   * Whether a store is here, or none yet. Changes nothing.
   * @throws StorageError when there is something else, or only a part of a store.
   */
  survey(): 'store' | 'empty' {
    if (existsSync(this.dataFile) && statSync(this.dataFile).size > 0) return 'store';
    if (this.isMarked) throw damaged(this.dataFile, 'it is missing or empty, though a store was kept here');
    const others = readdirSync(this.path).filter((name) => !HARMLESS.has(name));
    if (others.length === 0) return 'empty';
    const shown = [...others.slice(0, OTHERS_SHOWN), ...(others.length > OTHERS_SHOWN ? ['…'] : [])].join(', ');
    throw foreign(this.path, `is not empty and holds no store of the bridge, but ${shown}`);
  }

  /** Takes other users' rights away: records hold addresses. @returns what to tell the operator, if anything. */
  makePrivate(): string | undefined {
    const mode = statSync(this.path).mode & 0o777;
    if ((mode & 0o077) === 0) return undefined;
    const was = mode.toString(8).padStart(4, '0');
    try {
      chmodSync(this.path, mode & 0o700);
      return `${this.path} was open to other users (mode ${was}); it is now for its owner alone`;
    } catch {
      return `${this.path} is open to other users (mode ${was}) and belongs to another one, so the bridge cannot close it: chmod 0700 it`;
    }
  }

  /** Says that a store is complete, and makes the directory's entries durable. */
  mark(): void {
    writeFileSync(join(this.path, MARKER_FILE), MARKER_TEXT, { mode: 0o600, flush: true });
    const descriptor = openSync(this.path, constants.O_RDONLY);
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}

function refusal(path: string, error: NodeJS.ErrnoException): StorageError {
  const refuse = (what: string) => new StorageError('ERR_STORAGE_READ_ONLY', what, { cause: error });
  switch (error.code) {
    case 'EROFS':
      return refuse(
        `${path} is on a read-only file system. Mount it writable, or choose another directory (extensions::file_storage::directory).`,
      );
    case 'EACCES':
    case 'EPERM':
      return refuse(
        `${path} cannot be written by user ${process.getuid?.() ?? '?'} (${error.syscall} ${error.path}: ${error.code}). Change its owner, or choose another directory (extensions::file_storage::directory).`,
      );
    case 'EEXIST':
    case 'ENOTDIR':
      return foreign(path, 'is not a directory');
    default:
      return refuse(
        `${path} cannot be used as a directory: ${error.message}. Mend that, or choose another one (extensions::file_storage::directory).`,
      );
  }
}
