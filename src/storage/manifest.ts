import { crc32 } from 'node:zlib';
import { damaged, foreign } from './errors.ts';
import { StorageError } from './store.ts';

const FORMAT = 'couic-otel-bridge store';
/** Counts up when an older bridge could no longer read what this one writes. */
export const SCHEMA = 1;

/** What a segment holds of one fold beside its records in the log. */
export interface FoldEntry {
  readonly name: string;
  /** Its state at the segment's start; `null` when it had none yet. */
  readonly snapshot: { readonly pieces: number; readonly bytes: number } | null;
  /** Records between that snapshot and the segment's start: those of a fold that nobody attached are carried along. */
  readonly carried: number;
}

/** Says what a segment is, and which of its rows count. */
export interface Manifest {
  readonly instanceId: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** The last record before this segment's log. */
  readonly start: number;
  /** Whether its snapshot is whole: then no older segment is needed. Until then `folds` gives only names. */
  readonly isComplete: boolean;
  /** The segment in which the log goes on, once there was to be one. */
  readonly next: number | null;
  /** A fold's place is its number in the keys, in this and all later segments. */
  readonly folds: readonly FoldEntry[];
}

/** A fold of which nothing is kept yet. */
export function newEntry(name: string): FoldEntry {
  return { name, snapshot: null, carried: 0 };
}

/** Bytes of all snapshots of a segment. */
export function snapshotBytes(manifest: Manifest): number {
  return manifest.folds.reduce((sum, { snapshot }) => sum + (snapshot?.bytes ?? 0), 0);
}

/** `crc32(u32)` and JSON: rarely written, and legible for whoever has to repair it. */
export function encodeManifest(manifest: Manifest): Buffer {
  const json = Buffer.from(JSON.stringify({ format: FORMAT, schema: SCHEMA, ...manifest }));
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(json));
  return Buffer.concat([sum, json]);
}

/**
 * @param path - the file, for messages.
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
