import { existsSync } from 'node:fs';
import { link, rm, writeFile } from 'node:fs/promises';
import { emptyDataFile } from './lmdb-format.ts';

/** LMDB's lock file: a header and 126 readers. */
const LOCK_FILE_BYTES = 8272;

/** Ends the name of a file that is not whole yet. */
export const UNFINISHED = /\.new-\d+$/;

/**
 * Makes the files of an LMDB environment, where they are missing. LMDB would make them itself, but when it cannot, for
 * want of room, it ends the process: it maps its lock file before the space is there, and cleans up wrongly after a
 * failed open. Here a full disk is an error like any other.
 * @throws the system's error.
 */
export async function createLmdbFiles(path: string): Promise<void> {
  await createWhole(`${path}-lock`, Buffer.alloc(LOCK_FILE_BYTES));
  await createWhole(path, emptyDataFile());
}

/** The file is there with all of its content, or not at all, also when two processes do this at once. */
async function createWhole(path: string, content: Buffer): Promise<void> {
  if (existsSync(path)) return;
  const unfinished = `${path}.new-${process.pid}`;
  try {
    await writeFile(unfinished, content, { mode: 0o600, flush: true });
    await link(unfinished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(unfinished, { force: true });
  }
}
