import { networkFileSystem } from './directory.ts';
import { DIRECTORY_OPTION } from './errors.ts';
import { type DirectoryLock, KernelLock, loadKernelLock } from './lock.ts';
import type { EmbeddedEngineOptions } from './options.ts';
import { PidLock } from './pid-lock.ts';

/** The lock that is to be had here, with a warning where it holds less. @param option - the setting that names the directory. @throws StorageError `ERR_STORAGE_LOCKED`. */
export async function acquireLock(
  directory: string,
  { lock: given, ...options }: Pick<EmbeddedEngineOptions, 'lock' | 'disk' | 'logger'>,
  option = DIRECTORY_OPTION,
): Promise<DirectoryLock> {
  const lock = given ?? bestLock(directory, options);
  await lock.acquire(directory, option);
  const network = networkFileSystem(directory);
  if (network)
    options.logger.warn(
      `${directory} is on a network file system (${network}): whether a second bridge is kept out, and whether what was synced stays, is up to its server. Put it on a local disk`,
    );
  return lock;
}

function bestLock(directory: string, { disk, logger }: Pick<EmbeddedEngineOptions, 'disk' | 'logger'>): DirectoryLock {
  const tryLock = loadKernelLock();
  if (tryLock) return new KernelLock(tryLock, disk);
  logger.warn(
    `The kernel's locks are not to be had on ${process.platform} ${process.arch}: a second bridge on ${directory} is kept out by a file with this process's number, which does not hold between containers`,
  );
  return new PidLock();
}
