import { randomInt } from 'node:crypto';
import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Entry, Position } from '../log.ts';
import type { Disk } from './disk.ts';
import { damaged } from './errors.ts';
import type { Faults } from './faults.ts';
import { MANIFEST, segmentPath, segmentsIn } from './layout.ts';
import type { DirectoryLock } from './lock.ts';
import { SEGMENT_HEAD, Segment } from './segment.ts';

export interface SegmentsOptions {
  readonly disk: Disk;
  readonly directory: string;
  readonly lock: DirectoryLock;
  readonly faults: Faults | undefined;
  /** Says durably in which segment the log goes on from now. */
  announce(first: Position): Promise<void>;
}

/** The segments of a log, oldest first; never none. */
export class Segments {
  readonly all: Segment[];
  readonly #options: SegmentsOptions;
  readonly #logId: string;

  private constructor(options: SegmentsOptions, logId: string, all: Segment[]) {
    this.#options = options;
    this.#logId = logId;
    this.all = all;
  }

  /** Those of a new log. Without a manifest, an empty segment is left of a first start that was interrupted. */
  static async begin(options: SegmentsOptions, logId: string): Promise<Segments> {
    const { directory } = options;
    if (segmentsIn(readdirSync(directory)).length > 0 && statSync(segmentPath(directory, 1)).size > SEGMENT_HEAD)
      throw damaged(join(directory, MANIFEST), 'it is missing, though a log was kept here');
    const segments = new Segments(options, logId, []);
    segments.all.push(await segments.#create(1));
    await options.announce(1);
    return segments;
  }

  /** Those that are there. @param newest - the one that was announced last. @throws StorageError `ERR_STORAGE_DAMAGED`. */
  static async find(options: SegmentsOptions, logId: string, newest: Position): Promise<Segments> {
    const { directory, disk } = options;
    const firsts = segmentsIn(readdirSync(directory));
    if (!firsts.includes(newest))
      throw damaged(segmentPath(directory, newest), 'it is missing, though the log went on there');
    const all: Segment[] = [];
    for (const first of firsts) {
      const path = segmentPath(directory, first);
      const segment = withFile(path, (fd) => Segment.read(directory, first, logId, fd));
      // Left of a rotation that was interrupted: the log may have gone on in the one before.
      if (first > newest && segment.end === SEGMENT_HEAD) await disk.remove(path);
      else all.push(segment);
    }
    for (const [i, segment] of all.entries()) segment.last = (all[i + 1]?.first ?? segment.first) - 1;
    return new Segments(options, logId, all);
  }

  get first(): Position {
    return this.all[0]!.first;
  }

  get newest(): Segment {
    return this.all.at(-1)!;
  }

  get last(): Position {
    return this.newest.last;
  }

  /**
   * Delivers all entries from a position on, and opens the newest segment.
   * @param reached - the position that the log is known to have reached.
   * @returns bytes of a torn commit that were cut off the end.
   */
  async replay(from: Position, reached: Position, deliver: (entry: Entry) => void): Promise<number> {
    for (const segment of this.all.slice(0, -1)) {
      const end = segment.last;
      if (end < from) continue;
      withFile(segment.path, (fd) => segment.replay(fd, from, end, false, deliver));
      if (segment.last !== end)
        throw damaged(segment.path, `it holds records that ${segmentPath('', end + 1).slice(1)} holds, too`);
    }
    const { newest } = this;
    const file = await this.#open(newest);
    const torn = newest.replay(file.fd, from, reached, true, deliver);
    if (torn > 0) await newest.trim();
    if (torn > 0) await file.sync();
    return torn;
  }

  /** Lets the log go on in a new segment, unless the newest is empty. While nothing is written. */
  async rotate(): Promise<void> {
    const { newest } = this;
    if (newest.isEmpty) return;
    const segment = await this.#create(newest.last + 1);
    try {
      await this.#open(segment);
    } catch (error) {
      await segment.file?.close();
      await this.#options.disk.remove(segment.path);
      throw error;
    }
    // Only a safeguard: the log goes on there all the same.
    await this.#options.announce(segment.first).catch(() => {});
    this.all.push(segment);
    await newest.finish();
    this.#options.faults?.('after-rotation');
  }

  /** Deletes what lies wholly at or before a position; not the newest. */
  async cut(position: Position): Promise<void> {
    const { disk, directory, faults } = this.#options;
    while (this.all.length > 1 && this.all[0]!.last <= position) {
      // Before its file goes: whoever reads meanwhile is told of the gap, and looks for no file.
      const oldest = this.all.shift()!;
      try {
        await disk.remove(oldest.path);
      } catch (error) {
        this.all.unshift(oldest);
        throw error;
      }
      // One after the other on disk as well, so that a power cut leaves no hole.
      await disk.syncDirectory(directory);
      faults?.('during-trim');
    }
  }

  async close(): Promise<void> {
    await this.newest.finish();
  }

  async #create(first: Position): Promise<Segment> {
    const { disk, directory } = this.#options;
    try {
      return await Segment.create(disk, directory, this.#logId, first, randomInt(1, 2 ** 32));
    } catch (error) {
      await disk.remove(segmentPath(directory, first)).catch(() => {});
      throw error;
    }
  }

  async #open(segment: Segment) {
    segment.file = await this.#options.disk.open(segment.path, 'synced');
    this.#options.lock.hold(segment.file);
    return segment.file;
  }
}

function withFile<Result>(path: string, use: (fd: number) => Result): Result {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw damaged(path, `it cannot be read (${(error as Error).message})`, error);
  }
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
