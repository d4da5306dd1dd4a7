import { crc32 } from 'node:zlib';

/**
 * How a segment's rows lie in its environment: one ordered key space, told apart by the first byte of the key.
 *
 * | key                                       | value                                                           |
 * |-------------------------------------------|-----------------------------------------------------------------|
 * | `01`                                      | manifest                                                        |
 * | `02` fold(u16) piece(u32) crc32(u32)      | piece of a fold's snapshot                                      |
 * | `03` fold(u16) sequence(u48) crc32(u32)   | record after that snapshot, of a fold that nobody had attached  |
 * | `04` sequence(u48) fold(u16) crc32(u32)   | record of the log                                               |
 * | `05`                                      | written to see whether writing works; means nothing             |
 *
 * Numbers are big endian, so that keys sort by them. The checksum covers what precedes it in the key, and the value;
 * it stands in the key so that a payload is written from the buffer it came in, without a copy.
 */
const MANIFEST = 0x01;
const PIECE = 0x02;
const CARRIED = 0x03;
const RECORD = 0x04;
const PROBE = 0x05;

export const MANIFEST_KEY = Buffer.of(MANIFEST);
export const PROBE_KEY = Buffer.of(PROBE);

/** A half-open range of keys. */
export interface KeyRange {
  readonly from: Buffer;
  readonly to: Buffer;
}

export const EVERYTHING: KeyRange = { from: Buffer.of(0), to: Buffer.of(0xff) };
/** Records of the log, in the order in which they were applied. */
export const RECORDS: KeyRange = { from: Buffer.of(RECORD), to: Buffer.of(RECORD + 1) };

/** @param sequence - from 1, without gaps. @param fold - place in the manifest's list. */
export function recordKey(sequence: number, fold: number, payload: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = RECORD;
  key.writeUIntBE(sequence, 1, 6);
  key.writeUInt16BE(fold, 7);
  return seal(key, payload);
}

export function readRecordKey(key: Buffer): { sequence: number; fold: number } {
  return { sequence: key.readUIntBE(1, 6), fold: key.readUInt16BE(7) };
}

export function recordsAfter(sequence: number): KeyRange {
  const from = Buffer.alloc(7);
  from[0] = RECORD;
  from.writeUIntBE(sequence + 1, 1, 6);
  return { from, to: RECORDS.to };
}

export function carriedKey(fold: number, sequence: number, payload: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = CARRIED;
  key.writeUInt16BE(fold, 1);
  key.writeUIntBE(sequence, 3, 6);
  return seal(key, payload);
}

/** In the order in which they would have been applied. */
export function carriedOf(fold: number): KeyRange {
  return { from: prefix(CARRIED, fold), to: prefix(CARRIED, fold + 1) };
}

/** @param piece - from 0. */
export function pieceKey(fold: number, piece: number, bytes: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(11);
  key[0] = PIECE;
  key.writeUInt16BE(fold, 1);
  key.writeUInt32BE(piece, 3);
  return seal(key, bytes);
}

export function pieceOf(key: Buffer): number {
  return key.readUInt32BE(3);
}

export function piecesOf(fold: number): KeyRange {
  return { from: prefix(PIECE, fold), to: prefix(PIECE, fold + 1) };
}

/** Whether a key that ends in a checksum belongs to this value. */
export function isIntact(key: Buffer, value: Uint8Array): boolean {
  return key.length > 4 && key.readUInt32BE(key.length - 4) === checksum(key, value);
}

function prefix(kind: number, fold: number): Buffer {
  const key = Buffer.alloc(3);
  key[0] = kind;
  key.writeUInt16BE(fold, 1);
  return key;
}

function seal(key: Buffer, value: Uint8Array): Buffer {
  key.writeUInt32BE(checksum(key, value), key.length - 4);
  return key;
}

function checksum(key: Buffer, value: Uint8Array): number {
  return crc32(value, crc32(key.subarray(0, key.length - 4)));
}
