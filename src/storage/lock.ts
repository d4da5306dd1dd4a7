import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { ABORT, open, type RootDatabase, type Transaction } from 'lmdb';
import { checkDataFile } from './check-data-file.ts';
import { createLmdbFiles } from './lmdb-files.ts';
import { StorageError } from './store.ts';

export const LOCK_FILE = 'exclusive.mdb';

/**
 * Keeps a second process out of the directory.
 *
 * Node has no `flock`, but LMDB has what it takes: a process that reads an environment holds a kernel lock (`fcntl`, one
 * byte per process) and a slot in a table shared with all others, and the kernel lets go of the lock however the process
 * ends. So the lock is an empty environment beside the data, with one reader that never ends; whoever finds another
 * living reader is refused. Looking and registering happen under LMDB's write mutex, so of two that start at once
 * exactly one wins. It works between containers that share a volume, and not over a network file system.
 */
export class ExclusiveLock {
  static readonly #heldHere = new Set<string>();

  readonly #directory: string;
  readonly #environment: RootDatabase;
  /** Never used, only held: it is the lock, and would end when it were collected. */
  #reader: Transaction | undefined;

  private constructor(directory: string, environment: RootDatabase) {
    this.#directory = directory;
    this.#environment = environment;
  }

  /** @throws StorageError `ERR_STORAGE_LOCKED` at once when another process, or this one, holds the directory. */
  static async acquire(directory: string): Promise<ExclusiveLock> {
    const resolved = realpathSync(directory);
    // The kernel's locks belong to the process: it would not refuse itself, and opening the file again would free them.
    if (ExclusiveLock.#heldHere.has(resolved)) throw locked(directory, `this process (${process.pid}) already`);
    const path = join(resolved, LOCK_FILE);
    await createLmdbFiles(path);
    checkLockFile(path);
    const environment = open({
      path,
      noSubdir: true,
      overlappingSync: false,
      permissionsMode: 0o600,
    } as Parameters<typeof open>[0]);
    const lock = new ExclusiveLock(resolved, environment);
    try {
      environment.transactionSync(() => {
        lock.#register(directory);
        return ABORT;
      });
    } catch (error) {
      await environment.close();
      throw error;
    }
    ExclusiveLock.#heldHere.add(resolved);
    return lock;
  }

  async release(): Promise<void> {
    if (this.#reader === undefined) return;
    this.#reader.done();
    this.#reader = undefined;
    await this.#environment.close();
    ExclusiveLock.#heldHere.delete(this.#directory);
  }

  #register(directory: string): void {
    // Clears the slots of processes whose kernel lock is gone: those that were killed.
    this.#environment.readerCheck();
    const holder = readers(this.#environment).find((pid) => pid !== process.pid);
    if (holder !== undefined) throw locked(directory, `process ${holder}`);
    try {
      this.#reader = this.#environment.useReadTransaction();
    } catch (error) {
      // A process of another PID namespace that happens to have our number.
      throw locked(directory, `a process of another container (its PID there is ${process.pid} too)`, error);
    }
  }
}

/** LMDB would not survive a damaged one. */
function checkLockFile(path: string): void {
  try {
    checkDataFile(path);
  } catch (error) {
    throw new StorageError(
      'ERR_STORAGE_DAMAGED',
      `${path} is damaged: ${(error as Error).message}. It holds no data: make sure that no bridge runs, and delete it and ${path}-lock.`,
      { cause: error },
    );
  }
}

/** PIDs of LMDB's reader table, which it gives as text: a heading, then lines of pid, thread, transaction. */
function readers(environment: RootDatabase): number[] {
  return [...environment.readerList().matchAll(/^\s*(\d+)\s/gm)].map((match) => Number(match[1]));
}

function locked(directory: string, who: string, cause?: unknown): StorageError {
  return new StorageError(
    'ERR_STORAGE_LOCKED',
    `${directory} is in use by ${who}. Stop that one first, or give this bridge a directory of its own (extensions::file_storage::directory).`,
    cause === undefined ? undefined : { cause },
  );
}
