import type { Environment } from './environment.ts';
import { ALL_CARRIED, ALL_PIECES, type KeyRange, readCarriedKey, readPieceKey, recordsUpTo } from './layout.ts';
import type { Manifest } from './manifest.ts';

/** Removed by one transaction: a record is small, a piece of a snapshot takes hundreds of pages. */
const RECORDS_AT_ONCE = 500;
const PIECES_AT_ONCE = 16;

/**
 * What the manifest does not count: records and pieces that a newer snapshot replaced, and those of a snapshot that was
 * given up. In slices, each good for one transaction.
 */
export function* leftovers(environment: Environment, manifest: Manifest): Generator<readonly Buffer[]> {
  yield* slices(environment, recordsUpTo(manifest.sequence), RECORDS_AT_ONCE, () => true);
  yield* slices(environment, ALL_PIECES, PIECES_AT_ONCE, (key) => {
    const { fold, generation } = readPieceKey(key);
    return manifest.folds[fold]?.generation !== generation;
  });
  yield* slices(environment, ALL_CARRIED, RECORDS_AT_ONCE, (key) => {
    const { fold, sequence } = readCarriedKey(key);
    const entry = manifest.folds[fold];
    return entry === undefined || entry.carried === 0 || sequence <= entry.sequence || sequence > manifest.sequence;
  });
}

/** Each slice is read anew, after its predecessor was removed: no read lasts longer than one slice. */
function* slices(
  environment: Environment,
  { from, to }: KeyRange,
  size: number,
  isLeftOver: (key: Buffer) => boolean,
): Generator<Buffer[]> {
  for (let next: Buffer | undefined = from; next; ) {
    const slice: Buffer[] = [];
    let last: Buffer | undefined;
    for (const key of environment.keys({ from: next, to })) {
      if (slice.length === size) {
        last = key;
        break;
      }
      if (isLeftOver(key)) slice.push(key);
    }
    next = last;
    if (slice.length > 0) yield slice;
  }
}
