import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { counted } from '../../telemetry/counted.ts';
import type { SnapshotPiece } from '../engine.ts';
import type { Position } from '../log.ts';
import type { DiskFile } from './disk.ts';
import { damaged } from './errors.ts';

/**
 * A head, the pieces, and an end that says how many there were:
 *
 * | head  | `COUICSNP`, u32 version, u32 salt, the log's UUID as text, f64 position, u32 CRC of all that |
 * | piece | u32 length, u32 kind, u32 number, u32 CRC of these and of the bytes; the bytes               |
 *
 * The CRCs start from the salt: the file is written over an older snapshot, of which nothing may pass for a piece.
 */
const MAGIC = 'COUICSNP';
const VERSION = 1;
const UUID = 36;
const CRC_AT = 16 + UUID + 8;
const HEAD = CRC_AT + 4;
const PIECE_HEAD = 16;
const END = 255;
const MAX_PIECE = 64 * 1024 * 1024;

/** @returns its length. @throws whatever the pieces or the file throw. */
export async function writeSnapshot(
  file: DiskFile,
  logId: string,
  position: Position,
  salt: number,
  pieces: AsyncIterable<SnapshotPiece>,
  written: () => void = () => {},
): Promise<number> {
  await file.write(headOf(logId, position, salt), 0);
  let at = HEAD;
  let number = 0;
  const writePiece = async (kind: number, bytes: Uint8Array) => {
    const head = Buffer.alloc(PIECE_HEAD);
    head.writeUInt32LE(bytes.length, 0);
    head.writeUInt32LE(kind, 4);
    head.writeUInt32LE(number++, 8);
    head.writeUInt32LE(crc32(bytes, crc32(head.subarray(0, 12), salt)), 12);
    await file.write(head, at);
    await file.write(bytes, at + PIECE_HEAD);
    at += PIECE_HEAD + bytes.length;
  };
  for await (const { kind, bytes } of pieces) {
    await writePiece(kind, bytes);
    // Bit by bit, so that no commit waits for all of it at the end.
    await file.sync();
    written();
  }
  await writePiece(END, Buffer.alloc(0));
  await file.truncate(at);
  await file.sync();
  return at;
}

function headOf(logId: string, position: Position, salt: number): Buffer {
  const head = Buffer.alloc(HEAD);
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(VERSION, 8);
  head.writeUInt32LE(salt, 12);
  head.write(logId, 16, 'latin1');
  head.writeDoubleLE(position, 16 + UUID);
  head.writeUInt32LE(crc32(head.subarray(0, CRC_AT)), CRC_AT);
  return head;
}

/** The pieces of a snapshot that is there; each is good until the next one. @throws StorageError `ERR_STORAGE_DAMAGED`. */
export function* readSnapshot(path: string, logId: string, position: Position): Generator<SnapshotPiece, void> {
  const fd = openSync(path, 'r');
  try {
    const read = (length: number, at: number): Buffer => {
      const bytes = Buffer.allocUnsafeSlow(length);
      if (readSync(fd, bytes, 0, length, at) < length)
        throw damaged(path, `it is cut short: it has ${counted(size, 'bytes')}`);
      return bytes;
    };
    const { size } = fstatSync(fd);
    const head = read(HEAD, 0);
    if (!head.equals(headOf(logId, position, head.readUInt32LE(12))))
      throw damaged(path, 'it does not begin as a snapshot of this log at this position does');
    const salt = head.readUInt32LE(12);
    let at = HEAD;
    for (let number = 0; ; number++) {
      const pieceHead = read(PIECE_HEAD, at);
      const [length, kind] = [pieceHead.readUInt32LE(0), pieceHead.readUInt32LE(4)];
      if (length > MAX_PIECE || pieceHead.readUInt32LE(8) !== number)
        throw damaged(path, `piece ${number} of the snapshot is not what was written`);
      const bytes = read(length, at + PIECE_HEAD);
      if (crc32(bytes, crc32(pieceHead.subarray(0, 12), salt)) !== pieceHead.readUInt32LE(12))
        throw damaged(path, `the checksum of piece ${number} of the snapshot does not match`);
      at += PIECE_HEAD + length;
      if (kind === END) break;
      yield { kind, bytes };
    }
    if (at !== size) throw damaged(path, `it has ${counted(size, 'bytes')} where ${at} were written`);
  } finally {
    closeSync(fd);
  }
}
