import { StorageError } from './store.ts';

/** What to do about a damaged store, for the end of a message. */
const RESTORE =
  'Restore the directory from a backup, or move it away to start anew: totals, active rules and windows not yet sent are then lost.';

/** @param path - the file. @param what - worded to follow "FILE is damaged: ". */
export function damaged(path: string, what: string, cause?: unknown): StorageError {
  const options = cause === undefined ? undefined : { cause };
  return new StorageError('ERR_STORAGE_DAMAGED', `${path} is damaged: ${what}. ${RESTORE}`, options);
}

export function foreign(path: string, what: string): StorageError {
  return new StorageError(
    'ERR_STORAGE_FOREIGN',
    `${path} ${what}. Give the bridge an empty directory, or one that does not exist yet (extensions::file_storage::directory).`,
  );
}

export function notOpen(): StorageError {
  return new StorageError('ERR_STORAGE_CLOSED', 'the store is not open: the bridge is starting or stopping');
}
