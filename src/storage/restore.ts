import type { StoreDirectory } from './directory.ts';
import { damaged } from './errors.ts';
import { carriedOf, isIntact, pieceOf, piecesOf, RECORDS, readRecordKey } from './layout.ts';
import type { FoldEntry, Manifest } from './manifest.ts';
import { Segment } from './segment.ts';
import type { Fold } from './store.ts';

/** A store that was read. */
export interface Restored {
  /** The segments that count, oldest first: one whose snapshot is whole, and those in which the log went on since. Empty: a new store. */
  readonly chain: readonly Segment[];
  /** The last record. */
  readonly sequence: number;
  /** Bytes of the records since the snapshot. */
  readonly logBytes: number;
}

/**
 * Brings the folds to where they stood when the last record was committed: from the newest whole snapshot, then the log.
 * Everything that is read is held against its checksum, and nothing may be missing.
 * @param folds - by name; of names that are not here, only the log is read.
 * @throws StorageError
 */
export async function restore(directory: StoreDirectory, folds: ReadonlyMap<string, Fold>): Promise<Restored> {
  const segments: Segment[] = [];
  try {
    // From the newest back to one whose snapshot is whole.
    for (const number of directory.segments().reverse()) {
      segments.unshift(await Segment.open(directory, number));
      if (segments[0]?.manifest?.isComplete) break;
    }
    const restored = new Restoration(directory, folds).run(segments);
    for (const segment of segments) if (!restored.chain.includes(segment)) await segment.close();
    return restored;
  } catch (error) {
    for (const segment of segments) await segment.close();
    throw error;
  }
}

class Restoration {
  readonly #directory: StoreDirectory;
  readonly #folds: ReadonlyMap<string, Fold>;
  readonly #chain: Segment[] = [];
  #sequence = 0;
  #logBytes = 0;

  constructor(directory: StoreDirectory, folds: ReadonlyMap<string, Fold>) {
    this.#directory = directory;
    this.#folds = folds;
  }

  run(segments: readonly Segment[]): Restored {
    const [base, ...later] = segments;
    if (segments.every(({ manifest }) => manifest === undefined)) {
      if (this.#directory.isMarked)
        throw damaged(this.#directory.path, 'a store was kept here, and its segments are empty');
      return { chain: [], sequence: 0, logBytes: 0 };
    }
    if (!base?.manifest?.isComplete)
      throw damaged(this.#directory.path, 'the segment with the last whole snapshot is missing');
    this.#sequence = base.manifest.start;
    for (const [number, entry] of base.manifest.folds.entries()) this.#restoreFold(base, number, entry);
    this.#replay(base, base.manifest);
    for (const segment of later) this.#follow(segment);
    this.#checkEnd(later);
    return { chain: this.#chain, sequence: this.#sequence, logBytes: this.#logBytes };
  }

  /** The log went on in a later segment, unless the process ended before the first commit there. */
  #follow(segment: Segment): void {
    const { manifest, path } = segment;
    if (!manifest || !segment.hasRecords) return;
    if (this.#chain.at(-1)?.manifest?.next !== segment.number || manifest.start !== this.#sequence)
      throw damaged(path, `its log does not go on where ${this.#chain.at(-1)?.path} ends`);
    this.#replay(segment, manifest);
  }

  /** The segment in which the log was to go on has at least a manifest, written before it was named. */
  #checkEnd(later: readonly Segment[]): void {
    const next = this.#chain.at(-1)?.manifest?.next ?? null;
    if (next !== null && !later.some(({ number, manifest }) => number === next && manifest))
      throw damaged(this.#directory.segmentFile(next), 'it is missing or empty, though the log went on there');
  }

  #restoreFold(segment: Segment, number: number, entry: FoldEntry): void {
    const fold = this.#folds.get(entry.name);
    if (!fold) return;
    if (entry.snapshot) {
      const pieces = readPieces(segment, number, entry.name, entry.snapshot);
      fold.restore(pieces);
      // What the fold did not ask for is checked all the same.
      while (!pieces.next().done);
    }
    let carried = 0;
    for (const { key, value } of segment.environment.rows(carriedOf(number))) {
      if (!isIntact(key, value))
        throw damaged(segment.path, `the checksum of a record of ${entry.name} does not match`);
      carried++;
      fold.apply(value);
    }
    if (carried !== entry.carried)
      throw damaged(segment.path, `it holds ${carried} records of ${entry.name} where ${entry.carried} were written`);
  }

  #replay(segment: Segment, { folds }: Manifest): void {
    const byNumber = folds.map(({ name }) => this.#folds.get(name));
    for (const { key, value } of segment.environment.rows(RECORDS)) {
      const { sequence, fold } = readRecordKey(key);
      this.#sequence++;
      if (!isIntact(key, value)) throw damaged(segment.path, `the checksum of record ${sequence} does not match`);
      if (sequence !== this.#sequence) throw damaged(segment.path, `record ${this.#sequence} is missing`);
      if (fold >= folds.length)
        throw damaged(segment.path, `record ${sequence} belongs to nothing that its manifest knows`);
      byNumber[fold]?.apply(value);
      this.#logBytes += value.length;
    }
    this.#chain.push(segment);
  }
}

function* readPieces(
  segment: Segment,
  number: number,
  name: string,
  written: { readonly pieces: number; readonly bytes: number },
): Generator<Buffer, void> {
  let pieces = 0;
  let bytes = 0;
  for (const { key, value } of segment.environment.rows(piecesOf(number))) {
    if (!isIntact(key, value) || pieceOf(key) !== pieces)
      throw damaged(segment.path, `piece ${pieces} of the snapshot of ${name} is not what was written`);
    pieces++;
    bytes += value.length;
    yield value;
  }
  if (pieces !== written.pieces || bytes !== written.bytes)
    throw damaged(
      segment.path,
      `the snapshot of ${name} has ${pieces} pieces with ${bytes} bytes where ${written.pieces} with ${written.bytes} were written`,
    );
}
