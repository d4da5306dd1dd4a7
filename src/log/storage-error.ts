/** Why a log refused or failed. */
export type StorageErrorCode =
  | 'ERR_STORAGE_LOCKED'
  | 'ERR_STORAGE_DAMAGED'
  | 'ERR_STORAGE_FOREIGN'
  | 'ERR_STORAGE_NEWER'
  | 'ERR_STORAGE_OLDER'
  | 'ERR_STORAGE_READ_ONLY'
  | 'ERR_STORAGE_COMMIT'
  | 'ERR_STORAGE_CLOSED';

/** Says what is wrong, where, and what to do. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
  }
}

export function notOpen(): StorageError {
  return new StorageError('ERR_STORAGE_CLOSED', 'the store is not open: the bridge is starting or stopping');
}

export function tooLarge(topic: string, bytes: number, most: number): StorageError {
  return new StorageError(
    'ERR_STORAGE_COMMIT',
    `a record for ${topic} has ${bytes} bytes, and an entry of the log takes at most ${most}`,
  );
}
