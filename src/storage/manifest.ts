import { crc32 } from 'node:zlib';
import { damaged, foreign } from './errors.ts';
import { StorageError } from './store.ts';

const FORMAT = 'couic-otel-bridge store';
/** Counts up when an older bridge could no longer read what this one writes. */
export const SCHEMA = 1;

/** What is kept of one fold. Its place in `Manifest.folds` is its number in the keys. */
export interface FoldEntry {
  readonly name: string;
  /** Generation of its snapshot's pieces; 0 when there is none yet. */
  readonly generation: number;
  readonly pieces: number;
  /** Bytes of all pieces. */
  readonly bytes: number;
  /** The last record that its snapshot contains. */
  readonly sequence: number;
  /** Its records after that and up to the manifest's `sequence`: nobody attached the name when the log was cut. */
  readonly carried: number;
}

/** The one row that says which of the other rows count. What it does not name is left over, and swept up some time. */
export interface Manifest {
  readonly instanceId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Where the log was cut: it goes on with the next record. */
  readonly sequence: number;
  /** The newest generation of pieces. */
  readonly generation: number;
  readonly folds: readonly FoldEntry[];
}

/** A fold of which nothing is kept yet. */
export function newEntry(name: string): FoldEntry {
  return { name, generation: 0, pieces: 0, bytes: 0, sequence: 0, carried: 0 };
}

/** Bytes of all snapshots that count. */
export function snapshotBytes(manifest: Manifest): number {
  return manifest.folds.reduce((sum, entry) => sum + entry.bytes, 0);
}

/** `crc32(u32)` and JSON: read once a start, written once a snapshot, and legible for whoever has to repair it. */
export function encodeManifest(manifest: Manifest): Buffer {
  const json = Buffer.from(JSON.stringify({ format: FORMAT, schema: SCHEMA, ...manifest }));
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(json));
  return Buffer.concat([sum, json]);
}

/**
 * @param path - the data file, for messages.
 * @throws StorageError `ERR_STORAGE_DAMAGED`, `ERR_STORAGE_FOREIGN`, `ERR_STORAGE_NEWER`.
 */
export function decodeManifest(value: Buffer, path: string): Manifest {
  if (value.length < 4 || crc32(value.subarray(4)) !== value.readUInt32BE(0))
    throw damaged(path, 'the checksum of its manifest does not match');
  const { format, schema, ...manifest } = JSON.parse(value.toString('utf8', 4));
  if (format !== FORMAT) throw foreign(path, `holds the data of another program (${format})`);
  if (schema > SCHEMA)
    throw new StorageError(
      'ERR_STORAGE_NEWER',
      `${path} was written by a newer version of the bridge (schema ${schema}; this version reads up to ${SCHEMA}). Run the newer version again, or restore a backup from before the upgrade.`,
    );
  return manifest;
}
