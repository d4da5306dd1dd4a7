import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Clock } from '../../../src/clock.ts';
import { backupName, surplusBackups } from './backups.ts';
import type { RotationConfig } from './config.ts';
import { Room } from './room.ts';
import { afterTorn, type Line, type Piece, tornLine } from './torn-line.ts';

const MEGABYTE = 1_048_576;
const DAY = 86_400_000;
/** Whoever reads the lines is in the file's group. */
const MODE = 0o640;
const DIRECTORY_MODE = 0o750;
/** Not to wait at a pipe that nobody reads. */
const FLAGS = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
/** Times that a file is removed while lines are written to it, before that is a failure. */
const MOST_REMOVED = 3;

interface LineFileOptions {
  readonly path: string;
  readonly createDirectory: boolean;
  readonly rotation: RotationConfig | undefined;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** Not all lines are in the file. */
export class Unwritten extends Error {
  /** Places of those that are, whole and synced. */
  readonly written: ReadonlySet<number>;

  constructor(written: ReadonlySet<number>, cause: unknown) {
    super((cause as Error).message, { cause });
    this.written = written;
  }
}

/**
 * A file that grows by whole lines, found by its path: one that was moved, removed or emptied meanwhile is noticed before the next line.
 * Its calls must not overlap.
 */
export class LineFile {
  readonly #options: LineFileOptions;
  readonly #room = new Room();
  #handle: FileHandle | undefined;

  constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Opens it, made if it is missing, so that a path that cannot work shows at once. */
  async open(): Promise<void> {
    const { path, createDirectory } = this.#options;
    if (createDirectory) await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
    await this.#current();
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  /**
   * Writes all lines, in order but for one that was torn, and syncs them.
   * @throws Unwritten when not all of them are in the file; of one that it broke off in, the rest is written once it is offered again.
   */
  async append(lines: readonly Line[]): Promise<void> {
    const written = new Set<number>();
    try {
      for (let removed = 0; written.size < lines.length; ) {
        const handle = await this.#current();
        const { size } = await handle.stat();
        const torn = await tornLine(handle, size);
        const pieces = afterTorn(torn, lines, written);
        if (torn.length === 0 && (await this.#rotateIfDue(handle, size, pieces[0]!.bytes))) continue;
        const { whole, error } = await write(handle, this.#fitting(pieces, size), this.#room);
        await handle.datasync();
        // Removed before or while it was written: nobody will read it there.
        const { nlink } = await handle.stat();
        if (nlink > 0) for (const line of whole) written.add(line);
        if (error !== undefined) throw error;
        if (nlink === 0 && ++removed === MOST_REMOVED) throw new Error('it is removed again and again');
      }
    } catch (error) {
      throw new Unwritten(written, error);
    }
  }

  /** Rotates a file that is a day old, and removes what is beyond the bounds, though nothing is written. */
  async keepBounds(): Promise<void> {
    const handle = await this.#current();
    const { size } = await handle.stat();
    if ((await tornLine(handle, size)).length === 0) await this.#rotateIfDue(handle, size, 0);
    await this.#removeSurplus();
  }

  /** The file that the path names now. */
  async #current(): Promise<FileHandle> {
    const { path } = this.#options;
    const there = await stat(path).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? undefined : Promise.reject(error),
    );
    const ours = await this.#handle?.stat();
    if (this.#handle && ours && there?.ino === ours.ino && there.dev === ours.dev) return this.#handle;
    await this.close();
    const handle = await open(path, FLAGS, MODE);
    try {
      if (!(await handle.stat()).isFile())
        throw Object.assign(new Error('it is no regular file'), { code: 'ERR_NO_FILE' });
      if (!there) {
        // The umask of a service may keep the group out.
        await handle.chmod(MODE);
        await syncDirectory(dirname(path));
      }
    } catch (error) {
      await handle.close();
      throw error;
    }
    this.#handle = handle;
    return handle;
  }

  /** As many pieces as the file has room for, one at least. */
  #fitting(pieces: readonly Piece[], size: number): readonly Piece[] {
    let sum = size;
    const beyond = pieces.findIndex(({ bytes }, place) => {
      sum += bytes;
      return place > 0 && sum > this.#mostBytes;
    });
    return beyond === -1 ? pieces : pieces.slice(0, beyond);
  }

  get #mostBytes(): number {
    return (this.#options.rotation?.max_megabytes ?? Number.POSITIVE_INFINITY) * MEGABYTE;
  }

  /** @returns whether the path names no file now. */
  async #rotateIfDue(handle: FileHandle, size: number, next: number): Promise<boolean> {
    const { path, rotation, clock } = this.#options;
    if (!rotation || size === 0) return false;
    const now = clock.now();
    const { birthtimeMs } = await handle.stat();
    const old = rotation.max_days > 0 && birthtimeMs > 0 && now - birthtimeMs > DAY;
    if (!old && size + next <= this.#mostBytes) return false;
    const directory = dirname(path);
    const names = new Set(await readdir(directory));
    await rename(path, join(directory, backupName(path, now, rotation.localtime, names)));
    await this.close();
    await syncDirectory(directory);
    await this.#removeSurplus();
    return true;
  }

  /** A file that cannot be removed is told of, and is no reason to write no more. */
  async #removeSurplus(): Promise<void> {
    const { path, rotation, clock, logger } = this.#options;
    if (!rotation) return;
    const directory = dirname(path);
    for (const name of surplusBackups(path, await readdir(directory), rotation, clock.now())) {
      try {
        await rm(join(directory, name));
        logger.info(`${join(directory, name)} was removed: rotation keeps no more`);
      } catch (error) {
        logger.warn(
          `${join(directory, name)} is beyond what rotation keeps and cannot be removed: ${(error as Error).message}`,
        );
      }
    }
  }
}

interface Wrote {
  /** Places of the lines that are in the file to their end. */
  readonly whole: readonly number[];
  /** Why it broke off. */
  readonly error?: unknown;
}

async function write(handle: FileHandle, pieces: readonly Piece[], room: Room): Promise<Wrote> {
  const bytes = room.filled(pieces);
  let done = 0;
  let error: unknown;
  try {
    while (done < bytes.length) done += (await handle.write(bytes, done)).bytesWritten;
  } catch (thrown) {
    error = thrown;
  }
  const whole: number[] = [];
  let end = 0;
  for (const { bytes, line } of pieces) {
    end += bytes;
    if (end <= done && line !== undefined) whole.push(line);
  }
  return { whole, error };
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.datasync();
  } finally {
    await directory.close();
  }
}
