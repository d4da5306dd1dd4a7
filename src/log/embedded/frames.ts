import { crc32 } from 'node:zlib';
import type { Entry } from '../log.ts';

/**
 * A segment is a header and then frames, one for each commit: so the last frame is the only one that a crash can leave torn.
 * Zeros may follow, which the next frames are written over.
 *
 * | frame   | u32 magic, u32 length of the body, f64 position of its first entry, f64 time, u32 entries, epoch in 8 bytes, u32 CRC of the body, u32 CRC of the head |
 * | entry   | u32 length of the record, u32 length of the topic, the topic, the record, each padded to four bytes |
 *
 * Little endian. CRCs start from the segment's own random number, so that nothing from elsewhere passes for a frame of it,
 * not even bytes that a sender chose. The head has a CRC of its own: a length that was changed must not hide what follows.
 */
const MAGIC = 0x304c4f43;
export const FRAME_HEAD = 44;
const EPOCH_AT = 28;
const BODY_CRC_AT = 36;
const HEAD_CRC_AT = 40;
const ENTRY_HEAD = 8;

/** What is to be written as one entry. */
export interface NewEntry {
  readonly topic: string;
  readonly record: Uint8Array;
}

const padded = (length: number): number => (length + 3) & ~3;

/** Bytes that an entry takes in its frame. */
export function entryBytes({ topic, record }: NewEntry): number {
  return ENTRY_HEAD + padded(Buffer.byteLength(topic)) + padded(record.length);
}

/** What a frame says of all its entries. */
interface Commit {
  /** Position of the first one. */
  readonly first: number;
  readonly time: number;
  /** 16 hexadecimal digits. */
  readonly epoch: string;
}

/** Writes one frame at the start of `into`, which has room for it. @returns its length. */
export function writeFrame(
  into: Buffer,
  salt: number,
  { first, time, epoch }: Commit,
  entries: readonly NewEntry[],
): number {
  let at = FRAME_HEAD;
  for (const { topic, record } of entries) {
    const length = into.write(topic, at + ENTRY_HEAD);
    into.writeUInt32LE(record.length, at);
    into.writeUInt32LE(length, at + 4);
    at = pad(into, at + ENTRY_HEAD + length);
    into.set(record, at);
    at = pad(into, at + record.length);
  }
  into.writeUInt32LE(MAGIC, 0);
  into.writeUInt32LE(at - FRAME_HEAD, 4);
  into.writeDoubleLE(first, 8);
  into.writeDoubleLE(time, 16);
  into.writeUInt32LE(entries.length, 24);
  into.write(epoch, EPOCH_AT, 'hex');
  into.writeUInt32LE(crc32(into.subarray(FRAME_HEAD, at), salt), BODY_CRC_AT);
  into.writeUInt32LE(crc32(into.subarray(0, HEAD_CRC_AT), salt), HEAD_CRC_AT);
  return at;
}

function pad(into: Buffer, from: number): number {
  let at = from;
  while (at % 4 !== 0) into[at++] = 0;
  return at;
}

export interface FrameHead extends Commit {
  readonly count: number;
  /** Of the whole frame. */
  readonly length: number;
}

/** @returns undefined when the bytes at `at`, a whole head, are none. */
export function readFrameHead(bytes: Buffer, at: number, salt: number): FrameHead | undefined {
  const sum = crc32(bytes.subarray(at, at + HEAD_CRC_AT), salt);
  if (bytes.readUInt32LE(at) !== MAGIC || sum !== bytes.readUInt32LE(at + HEAD_CRC_AT)) return undefined;
  return {
    first: bytes.readDoubleLE(at + 8),
    time: bytes.readDoubleLE(at + 16),
    count: bytes.readUInt32LE(at + 24),
    epoch: bytes.toString('hex', at + EPOCH_AT, at + EPOCH_AT + 8),
    length: FRAME_HEAD + bytes.readUInt32LE(at + 4),
  };
}

/** Whether the frame's body, which is there whole, is what was written. */
export function isFrameIntact(bytes: Buffer, at: number, { length }: FrameHead, salt: number): boolean {
  return crc32(bytes.subarray(at + FRAME_HEAD, at + length), salt) === bytes.readUInt32LE(at + BODY_CRC_AT);
}

/** Makes it intact again after its body was changed. */
export function resealFrame(bytes: Buffer, at: number, { length }: FrameHead, salt: number): void {
  bytes.writeUInt32LE(crc32(bytes.subarray(at + FRAME_HEAD, at + length), salt), at + BODY_CRC_AT);
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + HEAD_CRC_AT), salt), at + HEAD_CRC_AT);
}

/** Entries of an intact frame; their records lie in `bytes`. */
export function* readEntries(bytes: Buffer, from: number, { first, time, epoch, count }: FrameHead): Generator<Entry> {
  let at = from + FRAME_HEAD;
  for (let i = 0; i < count; i++) {
    const recordLength = bytes.readUInt32LE(at);
    const nameLength = bytes.readUInt32LE(at + 4);
    const name = at + ENTRY_HEAD;
    const record = name + padded(nameLength);
    yield {
      position: first + i,
      time,
      epoch,
      topic: bytes.toString('utf8', name, name + nameLength),
      record: bytes.subarray(record, record + recordLength),
    };
    at = record + padded(recordLength);
  }
}

/** Whether anything from `from` on is a whole frame of this segment: then what lies before it is damaged, not torn. */
export function hasFrame(bytes: Buffer, from: number, salt: number): boolean {
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(MAGIC);
  for (let at = bytes.indexOf(magic, from); at !== -1; at = bytes.indexOf(magic, at + 1)) {
    if (at + FRAME_HEAD > bytes.length) return false;
    const head = readFrameHead(bytes, at, salt);
    if (head && at + head.length <= bytes.length && isFrameIntact(bytes, at, head, salt)) return true;
  }
  return false;
}
