import { accessSync, chmodSync, constants, existsSync, readdirSync, statSync } from 'node:fs';
import { open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { damaged, foreign } from './errors.ts';
import { UNFINISHED } from './lmdb-files.ts';
import { makeDirectory } from './make-directory.ts';
import { StorageError } from './store.ts';

const SEGMENT_FILE = /^segment-(\d{6,})\.mdb$/;
/** Files of LMDB, which are there before anything is in them. */
const OURS = /^(exclusive|segment-\d{6,})\.mdb(-lock)?$/;
/** Written once a store is there: without it, a store whose segments are gone would look like one that never was. */
const MARKER_FILE = 'couic-otel-bridge.store';
const MARKER_TEXT = `State of couic-otel-bridge: totals, active rules, windows not yet sent. These files belong together.
To back it up, stop the bridge and copy the directory. To start anew, stop the bridge and move the directory away.
`;
const OTHERS_SHOWN = 3;

/** The directory that a store lives in. */
export class StoreDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  segmentFile(number: number): string {
    return join(this.path, `segment-${String(number).padStart(6, '0')}.mdb`);
  }

  /** Numbers of the segments that are there, ascending; without those that a crash left empty. */
  segments(): number[] {
    return readdirSync(this.path)
      .flatMap((name) => SEGMENT_FILE.exec(name)?.[1] ?? [])
      .map(Number)
      .filter((number) => statSync(this.segmentFile(number)).size > 0)
      .sort((a, b) => a - b);
  }

  /** Removes segments that were not finished, as a full disk or a kill leaves them. */
  async removeUnfinished(): Promise<void> {
    for (const name of readdirSync(this.path))
      if (name.startsWith('segment') && UNFINISHED.test(name)) await rm(join(this.path, name), { force: true });
  }

  async removeSegment(number: number): Promise<void> {
    const file = this.segmentFile(number);
    for (const path of [file, `${file}-lock`]) await rm(path, { force: true });
  }

  /** Whether a store was here at some time. */
  get isMarked(): boolean {
    return existsSync(join(this.path, MARKER_FILE));
  }

  /** Creates it if need be, for its owner alone. @throws StorageError when it cannot be written to. */
  create(): void {
    try {
      makeDirectory(this.path);
      accessSync(this.path, constants.R_OK | constants.W_OK | constants.X_OK);
      for (const number of this.segments()) accessSync(this.segmentFile(number), constants.R_OK | constants.W_OK);
    } catch (error) {
      throw refusal(this.path, error as NodeJS.ErrnoException);
    }
  }

  /**
   * Looks whether a store is here, or none yet. Changes nothing.
   * @throws StorageError when there is something else, or only a part of a store.
   */
  survey(): void {
    if (this.segments().length > 0) return;
    if (this.isMarked) throw damaged(this.path, 'a store was kept here, and its segments are missing or empty');
    const others = readdirSync(this.path).filter((name) => !isHarmless(name));
    if (others.length === 0) return;
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

  /** Says for good that a store is here. */
  async mark(): Promise<void> {
    await writeFile(join(this.path, MARKER_FILE), MARKER_TEXT, { mode: 0o600, flush: true });
    await this.sync();
  }

  /** Makes its entries durable; a file's own sync does not promise that. */
  async sync(): Promise<void> {
    const directory = await open(this.path);
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  }
}

/** What a first start that was interrupted leaves behind, and what file systems put there themselves. */
function isHarmless(name: string): boolean {
  return OURS.test(name.replace(UNFINISHED, '')) || name === 'lost+found';
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
