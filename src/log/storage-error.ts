/** Why a log refused or failed. */
type StorageErrorCode =
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
  /** What the message says, without what to do: for others than the bridge's operators. */
  readonly about: { readonly path: string; readonly what: string } | undefined;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: ErrorOptions & Partial<Pick<StorageError, 'about'>> = {},
  ) {
    super(message, options);
    this.name = 'StorageError';
    this.code = code;
    this.about = options.about;
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
