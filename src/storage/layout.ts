import { crc32 } from 'node:zlib';

/**
 * How records and snapshots lie in the environment: one ordered key space, told apart by the first byte of the key.
 *
 * | key                                                     | value                |
 * |---------------------------------------------------------|----------------------|
 * | `01`                                                    | manifest             |
 * | `02` fold(u16) generation(u32) piece(u32) crc32(u32)    | piece of a snapshot  |
 * | `03` fold(u16) sequence(u48) crc32(u32)                 | carried record       |
 * | `04` sequence(u48) fold(u16) crc32(u32)                 | record of the log    |
 * | `05`                                                    | written to see whether writing works, empty |
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

/** One record, in the log or carried. */
export interface RecordKey {
  readonly fold: number;
  /** From 1, without gaps. */
  readonly sequence: number;
}

/** One piece of a snapshot. */
export interface PieceKey {
  readonly fold: number;
  readonly generation: number;
  /** From 0. */
  readonly piece: number;
}

export function recordKey(sequence: number, fold: number, payload: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = RECORD;
  key.writeUIntBE(sequence, 1, 6);
  key.writeUInt16BE(fold, 7);
  return seal(key, payload);
}

export function carriedKey(fold: number, sequence: number, payload: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(13);
  key[0] = CARRIED;
  key.writeUInt16BE(fold, 1);
  key.writeUIntBE(sequence, 3, 6);
  return seal(key, payload);
}

export function pieceKey({ fold, generation, piece }: PieceKey, bytes: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(15);
  key[0] = PIECE;
  key.writeUInt16BE(fold, 1);
  key.writeUInt32BE(generation, 3);
  key.writeUInt32BE(piece, 7);
  return seal(key, bytes);
}

export function readRecordKey(key: Buffer): RecordKey {
  return { sequence: key.readUIntBE(1, 6), fold: key.readUInt16BE(7) };
}

export function readCarriedKey(key: Buffer): RecordKey {
  return { fold: key.readUInt16BE(1), sequence: key.readUIntBE(3, 6) };
}

export function readPieceKey(key: Buffer): PieceKey {
  return { fold: key.readUInt16BE(1), generation: key.readUInt32BE(3), piece: key.readUInt32BE(7) };
}

/** Whether a key that ends in a checksum belongs to this value. */
export function isIntact(key: Buffer, value: Uint8Array): boolean {
  return key.length > 4 && key.readUInt32BE(key.length - 4) === checksum(key, value);
}

/** Records after `sequence`, in the order in which they were applied. */
export function recordsAfter(sequence: number): KeyRange {
  const from = Buffer.alloc(7);
  from[0] = RECORD;
  from.writeUIntBE(sequence + 1, 1, 6);
  return { from, to: Buffer.of(RECORD + 1) };
}

/** Records up to and with `sequence`. */
export function recordsUpTo(sequence: number): KeyRange {
  return { from: Buffer.of(RECORD), to: recordsAfter(sequence).from };
}

/** Records kept for a fold after `after`, up to and with `upTo`. */
export function carriedBetween(fold: number, after: number, upTo: number): KeyRange {
  return { from: carriedPrefix(fold, after + 1), to: carriedPrefix(fold, upTo + 1) };
}

export function piecesOf(fold: number, generation: number): KeyRange {
  return { from: generationPrefix(fold, generation), to: generationPrefix(fold, generation + 1) };
}

export const ALL_PIECES: KeyRange = { from: Buffer.of(PIECE), to: Buffer.of(PIECE + 1) };
export const ALL_CARRIED: KeyRange = { from: Buffer.of(CARRIED), to: Buffer.of(CARRIED + 1) };
export const EVERYTHING: KeyRange = { from: Buffer.of(0), to: Buffer.of(0xff) };

function carriedPrefix(fold: number, sequence: number): Buffer {
  const key = Buffer.alloc(9);
  key[0] = CARRIED;
  key.writeUInt16BE(fold, 1);
  key.writeUIntBE(sequence, 3, 6);
  return key;
}

function generationPrefix(fold: number, generation: number): Buffer {
  const key = Buffer.alloc(7);
  key[0] = PIECE;
  key.writeUInt16BE(fold, 1);
  key.writeUInt32BE(generation, 3);
  return key;
}

function seal(key: Buffer, value: Uint8Array): Buffer {
  key.writeUInt32BE(checksum(key, value), key.length - 4);
  return key;
}

function checksum(key: Buffer, value: Uint8Array): number {
  return crc32(value, crc32(key.subarray(0, key.length - 4)));
}
