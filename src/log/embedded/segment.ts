import { fstatSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { counted } from '../../telemetry/counted.ts';
import type { Entry, Extent, Position } from '../log.ts';
import { type Disk, type DiskFile, writeWhole } from './disk.ts';
import { damaged, foreign } from './errors.ts';
import { type Frame, readFrames } from './frame-reader.ts';
import { hasFrame, readEntries } from './frames.ts';
import { segmentPath } from './layout.ts';

/** `COUICLOG`, u32 version, u32 salt, the log's UUID as text, f64 first position, u32 CRC of all that. */
const MAGIC = 'COUICLOG';
const VERSION = 1;
const UUID = 36;
const CRC_AT = 16 + UUID + 8;
export const SEGMENT_HEAD = CRC_AT + 4;

/** Zeros that are written ahead of frames. */
const ROOM = Buffer.alloc(64 * 1024);
/** A longer frame gains nothing from them. */
const LONGEST_IN_ROOM = 4 * 1024;

/** One file of the log: frames are only ever added to the newest, and the oldest is deleted whole. */
export class Segment implements Extent {
  readonly first: Position;
  readonly path: string;
  readonly salt: number;
  /** Open to be written to; only the newest. */
  file: DiskFile | undefined;
  /** Of its last entry; `first - 1` while it has none. */
  last: Position;
  /** When that was committed. */
  time = 0;
  /** How often its file was replaced by one that has entries overwritten. */
  revision = 0;
  /** Where the next frame goes. */
  end = SEGMENT_HEAD;
  /** Where the zeros behind it end, if there are any. */
  #room = 0;

  private constructor(directory: string, first: Position, salt: number) {
    this.first = first;
    this.last = first - 1;
    this.path = segmentPath(directory, first);
    this.salt = salt;
  }

  get bytes(): number {
    return this.end;
  }

  get isEmpty(): boolean {
    return this.last < this.first;
  }

  static async create(disk: Disk, directory: string, logId: string, first: Position, salt: number): Promise<Segment> {
    const segment = new Segment(directory, first, salt);
    const head = Buffer.alloc(SEGMENT_HEAD);
    head.write(MAGIC, 0, 'latin1');
    head.writeUInt32LE(VERSION, 8);
    head.writeUInt32LE(salt, 12);
    head.write(logId, 16, 'latin1');
    head.writeDoubleLE(first, 16 + UUID);
    head.writeUInt32LE(crc32(head.subarray(0, CRC_AT)), CRC_AT);
    await writeWhole(disk, directory, segment.path, head);
    return segment;
  }

  /** Reads the head of one that is there. @param fd - of the file. @throws StorageError */
  static read(directory: string, first: Position, logId: string, fd: number): Segment {
    const path = segmentPath(directory, first);
    const head = Buffer.alloc(SEGMENT_HEAD);
    const bytes = readSync(fd, head, 0, SEGMENT_HEAD, 0);
    if (bytes < SEGMENT_HEAD) throw damaged(path, `it is cut short: it has ${counted(bytes, 'bytes')}`);
    if (head.toString('latin1', 0, 8) !== MAGIC || crc32(head.subarray(0, CRC_AT)) !== head.readUInt32LE(CRC_AT))
      throw damaged(path, 'it does not begin as a segment of the log does');
    if (head.toString('latin1', 16, 16 + UUID) !== logId) throw foreign(path, 'is a segment of another log');
    if (head.readDoubleLE(16 + UUID) !== first) throw damaged(path, 'it has the name of another segment');
    const segment = new Segment(directory, first, head.readUInt32LE(12));
    segment.end = fstatSync(fd).size;
    return segment;
  }

  /**
   * Writes what is to be its next frame, durably; it is one once the caller moves `end`. Where zeros are already, the file does
   * not grow: so the disk has the frame to write, and not its own books as well, which takes as long again.
   */
  async write(frame: Buffer): Promise<void> {
    const isShort = frame.length <= LONGEST_IN_ROOM;
    // Without room the frame may still fit, or its own write says what is wrong.
    if (isShort && this.end + frame.length > this.#room) await this.#makeRoom().catch(() => {});
    await this.file!.write(frame, this.end);
  }

  async #makeRoom(): Promise<void> {
    await this.file!.write(ROOM, this.end);
    this.#room = this.end + ROOM.length;
  }

  /** Cuts what lies behind its end: of a frame that could not be written, or zeros. @throws the error of the file system. */
  async trim(): Promise<void> {
    this.#room = 0;
    await this.file?.truncate(this.end);
  }

  /** Nothing more is written to it. */
  async finish(): Promise<void> {
    // Zeros that stay are no harm. Where there were none, nothing is cut: an end that was not found is none.
    if (this.#room > 0) await this.trim().catch(() => {});
    await this.file?.close();
    this.file = undefined;
  }

  /**
   * Delivers its entries from a position on, and finds its end.
   * @param atLeast - the position that its log is known to have reached. @param isNewest - so that its end may be torn.
   * @returns bytes of a torn commit behind the end, to be cut.
   * @throws StorageError `ERR_STORAGE_DAMAGED`.
   */
  replay(fd: number, from: Position, atLeast: Position, isNewest: boolean, deliver: (entry: Entry) => void): number {
    const frames = readFrames(fd, this.salt, SEGMENT_HEAD);
    let next = frames.next();
    this.last = this.first - 1;
    for (; !next.done; next = frames.next()) this.#replayFrame(next.value, from, deliver);
    this.end = next.value;
    const { size } = fstatSync(fd);
    const rest = readRest(fd, this.end, size);
    const isTorn = rest.some((byte) => byte !== 0);
    if (isTorn && (!isNewest || this.last < atLeast || hasFrame(rest, 1, this.salt)))
      throw damaged(this.path, `the checksum of record ${this.last + 1} does not match`);
    if (this.last < atLeast)
      throw damaged(
        this.path,
        `it is cut short: it has ${counted(size, 'bytes')} and ends with record ${this.last}, and record ${atLeast} was written`,
      );
    if (isTorn) return rest.length;
    this.#room = size;
    return 0;
  }

  #replayFrame({ head, bytes, at }: Frame, from: Position, deliver: (entry: Entry) => void): void {
    if (head.first !== this.last + 1) throw damaged(this.path, `record ${this.last + 1} is missing`);
    this.last += head.count;
    this.time = head.time;
    if (this.last < from) return;
    for (const entry of readEntries(bytes, at, head)) if (entry.position >= from) deliver(entry);
  }
}

function readRest(fd: number, from: number, size: number): Buffer {
  const rest = Buffer.allocUnsafe(size - from);
  return rest.subarray(0, readSync(fd, rest, 0, rest.length, from));
}
