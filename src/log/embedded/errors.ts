import { statfs } from 'node:fs/promises';
import { StorageError } from '../storage-error.ts';

/** The setting that names a log's directory, for messages. */
export const DIRECTORY_OPTION = 'extensions::file_storage::directory';

/** What to do about a damaged store, for the end of a message. */
const RESTORE =
  'Restore the directory from a backup, or move it away to start anew: totals, active rules and what was not sent yet are then lost.';

/** @param path - the file. @param what - worded to follow "FILE is damaged: ". */
export function damaged(path: string, what: string, cause?: unknown): StorageError {
  const options = { about: { path, what }, ...(cause === undefined ? {} : { cause }) };
  return new StorageError('ERR_STORAGE_DAMAGED', `${path} is damaged: ${what}. ${RESTORE}`, options);
}

export function foreign(path: string, what: string, option = DIRECTORY_OPTION): StorageError {
  return new StorageError(
    'ERR_STORAGE_FOREIGN',
    `${path} ${what}. Give the bridge an empty directory, or one that does not exist yet (${option}).`,
  );
}

export function locked(directory: string, who: string, option: string, cause?: unknown): StorageError {
  return new StorageError(
    'ERR_STORAGE_LOCKED',
    `${directory} is in use by ${who}. Stop that one first, or give this bridge a directory of its own (${option}).`,
    { about: { path: directory, what: who }, ...(cause === undefined ? {} : { cause }) },
  );
}

/** A write failed. @param advice - what to do beyond making room. */
export async function cannotWrite(path: string, directory: string, cause: unknown, advice = ''): Promise<StorageError> {
  const free = await statfs(directory).then(
    ({ bavail, bsize }) =>
      `${Math.floor((bavail * bsize) / 1024)} KiB are free on its file system. Make room if it is full; otherwise see to the disk.`,
    () => 'See to the disk.',
  );
  return new StorageError(
    'ERR_STORAGE_COMMIT',
    `cannot write ${path}: ${(cause as Error).message}; ${free}${advice} The bridge goes on by itself.`,
    { cause },
  );
}
