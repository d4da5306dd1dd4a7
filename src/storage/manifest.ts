import { crc32 } from 'node:zlib';
import { StorageError } from './store.ts';

const FORMAT = 'couic-otel-bridge store';
/** Counts up when an older bridge could no longer read what this one writes. */
export const SCHEMA = 1;

/** What is kept of one fold beside its records in the log. Its place in `Manifest.folds` is its number in the keys. */
export interface FoldEntry {
  readonly name: string;
  /** Generation of its snapshot's pieces; 0 when there is none yet. */
  readonly generation: number;
  readonly pieces: number;
  /** Bytes of all pieces. */
  readonly bytes: number;
  /** Records after its snapshot that were taken out of the log, since nobody attached the name when the log was cut. */
  readonly carried: number;
}

/** The one row that says which of the other rows count. Whatever it does not name is left over and may be deleted. */
export interface Manifest {
  readonly instanceId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The last record that the snapshots contain; the log goes on after it. */
  readonly sequence: number;
  /** The newest generation of pieces. */
  readonly generation: number;
  readonly folds: readonly FoldEntry[];
}

/** `crc32(u32)` and JSON: read once at the start, written once a snapshot, and legible for whoever has to repair it. */
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
    throw new StorageError(
      'ERR_STORAGE_DAMAGED',
      `${path} is damaged: the checksum of its manifest does not match. ${RESTORE}`,
    );
  const { format, schema, ...manifest } = JSON.parse(value.toString('utf8', 4));
  if (format !== FORMAT)
    throw new StorageError(
      'ERR_STORAGE_FOREIGN',
      `${path} belongs to another program (${format}). Give the bridge a directory of its own.`,
    );
  if (schema > SCHEMA)
    throw new StorageError(
      'ERR_STORAGE_NEWER',
      `${path} was written by a newer bridge (schema ${schema}, this one reads up to ${SCHEMA}). Run that version again, or restore a backup from before the upgrade.`,
    );
  return manifest;
}

/** What to do about a damaged store, for the end of a message. */
export const RESTORE =
  'Restore the directory from a backup, or move it away to start anew: totals, active rules and windows not yet sent are then lost.';
