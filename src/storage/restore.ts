import type { Environment } from './environment.ts';
import { damaged } from './errors.ts';
import { carriedBetween, isIntact, piecesOf, readPieceKey, readRecordKey, recordsAfter } from './layout.ts';
import type { FoldEntry, Manifest } from './manifest.ts';
import type { Fold } from './store.ts';

/** Where the log ends. */
export interface LogEnd {
  readonly sequence: number;
  /** Bytes of the payloads after the last snapshot. */
  readonly bytes: number;
}

/**
 * Brings the folds to where they stood when the last record was committed: each from its snapshot, then the log.
 * Everything that is read is held against its checksum, and nothing may be missing.
 * @param folds - by name; of names that are not here, nothing is read but the log.
 * @param path - the data file, for messages.
 * @throws StorageError `ERR_STORAGE_DAMAGED`.
 */
export function restore(
  environment: Environment,
  manifest: Manifest,
  folds: ReadonlyMap<string, Fold>,
  path: string,
): LogEnd {
  for (const [number, entry] of manifest.folds.entries()) {
    const fold = folds.get(entry.name);
    if (!fold) continue;
    if (entry.generation > 0) restoreSnapshot(environment, number, entry, fold, path);
    if (entry.carried > 0) applyCarried(environment, number, entry, manifest, fold, path);
  }
  return replay(environment, manifest, folds, path);
}

function restoreSnapshot(environment: Environment, number: number, entry: FoldEntry, fold: Fold, path: string): void {
  let pieces = 0;
  let bytes = 0;
  function* read(): Generator<Buffer> {
    for (const { key, value } of environment.rows(piecesOf(number, entry.generation))) {
      if (!isIntact(key, value) || readPieceKey(key).piece !== pieces)
        throw damaged(path, `piece ${pieces} of the snapshot of ${entry.name} is not what was written`);
      pieces++;
      bytes += value.length;
      yield value;
    }
    if (pieces !== entry.pieces || bytes !== entry.bytes)
      throw damaged(
        path,
        `the snapshot of ${entry.name} has ${pieces} pieces with ${bytes} bytes where ${entry.pieces} with ${entry.bytes} were written`,
      );
  }
  const reading = read();
  fold.restore(reading);
  // What the fold did not ask for is checked all the same.
  while (!reading.next().done);
}

function applyCarried(
  environment: Environment,
  number: number,
  entry: FoldEntry,
  manifest: Manifest,
  fold: Fold,
  path: string,
): void {
  let count = 0;
  for (const { key, value } of environment.rows(carriedBetween(number, entry.sequence, manifest.sequence))) {
    if (!isIntact(key, value)) throw damaged(path, `the checksum of a record kept for ${entry.name} does not match`);
    count++;
    fold.apply(value);
  }
  if (count !== entry.carried)
    throw damaged(path, `${count} records are kept for ${entry.name} where ${entry.carried} were written`);
}

function replay(environment: Environment, manifest: Manifest, folds: ReadonlyMap<string, Fold>, path: string): LogEnd {
  const byNumber = manifest.folds.map((entry) => folds.get(entry.name));
  let { sequence } = manifest;
  let bytes = 0;
  for (const { key, value } of environment.rows(recordsAfter(sequence))) {
    const record = readRecordKey(key);
    sequence++;
    if (!isIntact(key, value)) throw damaged(path, `the checksum of record ${record.sequence} does not match`);
    if (record.sequence !== sequence) throw damaged(path, `record ${sequence} is missing`);
    if (record.fold >= byNumber.length)
      throw damaged(path, `record ${sequence} belongs to nothing that the manifest knows`);
    byNumber[record.fold]?.apply(value);
    bytes += value.length;
  }
  return { sequence, bytes };
}
