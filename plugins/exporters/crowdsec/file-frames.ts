import { crc32 } from 'node:zlib';

/** Length, checksum, kind; then for each record its length and its bytes. */
const HEAD = 9;
const KINDS = ['records', 'snapshot'] as const;
export type FrameKind = (typeof KINDS)[number];

/** One frame: what is written at once counts at once, or not at all. */
export function encodeFrame(kind: FrameKind, records: readonly Uint8Array[]): Buffer {
  const length = records.reduce((sum, record) => sum + 4 + record.length, 0);
  const frame = Buffer.allocUnsafe(HEAD + length);
  frame.writeUInt32LE(length, 0);
  frame.writeUInt8(KINDS.indexOf(kind), 8);
  let at = HEAD;
  for (const record of records) {
    frame.writeUInt32LE(record.length, at);
    frame.set(record, at + 4);
    at += 4 + record.length;
  }
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4);
  return frame;
}

export interface Frames {
  snapshot: Uint8Array[];
  appends: Uint8Array[][];
}

/**
 * Reads frames from an offset until the end, or until one that was not written to its end, which counts for nothing.
 * @throws Error when a whole frame is damaged and others follow it.
 */
export function readFrames(bytes: Buffer, from: number, path: string): Frames {
  const frames: Frames = { snapshot: [], appends: [] };
  for (let at = from; at + HEAD <= bytes.length; ) {
    const end = at + HEAD + bytes.readUInt32LE(at);
    if (end > bytes.length) break;
    const frame = bytes.subarray(at, end);
    if (crc32(frame.subarray(8)) !== frame.readUInt32LE(4)) {
      if (end === bytes.length) break;
      throw new Error(`${path} is damaged at byte ${at}: restore it, or move it away and lose the windows that waited`);
    }
    const records = split(frame.subarray(HEAD));
    if (KINDS[frame.readUInt8(8)] === 'snapshot') frames.snapshot.push(...records);
    else frames.appends.push(records);
    at = end;
  }
  return frames;
}

function split(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at);
    records.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return records;
}
