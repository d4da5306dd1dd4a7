import { accessSync, chmodSync, constants, readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StorageError } from '../storage-error.ts';
import { DIRECTORY_OPTION, damaged, foreign } from './errors.ts';
import { isOurs, isWritten, MANIFEST, PREDECESSOR, segmentsIn } from './layout.ts';
import { makeDirectory } from './make-directory.ts';

const OTHERS_SHOWN = 3;
/** Of the kernel's `statfs`, for file systems on other machines. */
const NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
]);

/** Creates a directory if need be, for its owner alone. @param option - the setting that names it. @throws StorageError when it cannot be written to. */
export function createDirectory(path: string, option = DIRECTORY_OPTION): void {
  try {
    makeDirectory(path);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const name of readdirSync(path)) if (isWritten(name)) checkFile(join(path, name));
  } catch (error) {
    throw refusal(path, option, error as NodeJS.ErrnoException);
  }
}

/** One that is gone by now is of another process that begins here at this moment: the lock has a word for that. */
function checkFile(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/**
 * Looks whether a log is here, or none yet. Changes nothing.
 * @throws StorageError when there is something else, only a part of a log, or the state of an earlier version.
 */
export function surveyDirectory(path: string): void {
  const names = readdirSync(path);
  const old = names.find((name) => PREDECESSOR.test(name));
  if (old !== undefined)
    throw new StorageError(
      'ERR_STORAGE_OLDER',
      `${path} holds the state of an earlier version of the bridge, which kept it in LMDB (${old}). This version cannot read it: run the earlier version again, or move the directory away to start anew; totals, active rules and what was not sent yet are then lost.`,
    );
  if (names.includes(MANIFEST)) return;
  const segments = segmentsIn(names);
  if (segments.length > 1 || (segments[0] ?? 1) !== 1)
    throw damaged(join(path, MANIFEST), 'it is missing, though a log was kept here');
  const others = names.filter((name) => !isOurs(name));
  if (others.length > 0) throw notEmpty(path, others);
}

/** @param others - what is in it that no bridge has put there. */
export function notEmpty(path: string, others: readonly string[], option?: string): StorageError {
  const shown = [...others.slice(0, OTHERS_SHOWN), ...(others.length > OTHERS_SHOWN ? ['…'] : [])].join(', ');
  return foreign(path, `is not empty and holds no store of the bridge, but ${shown}`, option);
}

/** Takes other users' rights away: records hold addresses. @returns what to tell the operator, if anything. */
export function makePrivate(path: string): string | undefined {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  const was = mode.toString(8).padStart(4, '0');
  try {
    chmodSync(path, mode & 0o700);
    return `${path} was open to other users (mode ${was}); it is now for its owner alone`;
  } catch {
    return `${path} is open to other users (mode ${was}) and belongs to another one, so the bridge cannot close it: chmod 0700 it`;
  }
}

/** @returns the name of the network file system that a path is on, if it is on one. */
export function networkFileSystem(path: string): string | undefined {
  return NETWORK.get(statfsSync(path).type >>> 0);
}

function refusal(path: string, option: string, error: NodeJS.ErrnoException): StorageError {
  const refuse = (what: string) => new StorageError('ERR_STORAGE_READ_ONLY', what, { cause: error });
  switch (error.code) {
    case 'EROFS':
      return refuse(
        `${path} is on a read-only file system. Mount it writable, or choose another directory (${option}).`,
      );
    case 'EACCES':
    case 'EPERM':
      return refuse(
        `${path} cannot be written by user ${process.getuid?.() ?? '?'} (${error.syscall} ${error.path}: ${error.code}). Change its owner, or choose another directory (${option}).`,
      );
    case 'EEXIST':
    case 'ENOTDIR':
      return foreign(path, 'is not a directory', option);
    default:
      return refuse(
        `${path} cannot be used as a directory: ${error.message}. Mend that, or choose another one (${option}).`,
      );
  }
}
