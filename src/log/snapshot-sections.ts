import type { SnapshotPiece } from './engine.ts';
import type { Entry, Erasure, Fold, Position } from './log.ts';

/*
 * A snapshot of all folds: first what the runner itself knows, then fold by fold its name, its pieces, and, of a fold that
 * nobody had attached, the entries that came since.
 */
const OF_RUNNER = 0;
const NAME = 1;
const PIECE = 2;
const ENTRY = 3;

/** What the runner itself knows. */
interface RunnerState {
  /** The last position of each topic. */
  readonly topics: readonly (readonly [topic: string, last: Position])[];
  readonly readers: readonly (readonly [reader: string, position: Position])[];
}

interface KeptHead {
  readonly position: Position;
  readonly time: number;
  readonly epoch: string;
  readonly topic: string;
}

/** Sections in their order. The folds' states are those of this call. @param onPiece - told of each piece of a fold. */
export function snapshotSections(
  state: RunnerState,
  folds: ReadonlyMap<string, Fold>,
  onPiece: (fold: string, piece: Uint8Array) => void,
): Iterator<SnapshotPiece> {
  const sources = [...folds].map(([name, fold]) => ({
    name,
    kept: fold instanceof KeptFold ? fold.section() : undefined,
    pieces: fold instanceof KeptFold ? [][Symbol.iterator]() : fold.snapshot()[Symbol.iterator](),
  }));
  const pieces = (function* (): Generator<SnapshotPiece> {
    yield { kind: OF_RUNNER, bytes: json(state) };
    for (const { name, kept, pieces } of sources) {
      yield { kind: NAME, bytes: json(name) };
      if (kept) yield* kept;
      for (let next = pieces.next(); !next.done; next = pieces.next()) {
        onPiece(name, next.value);
        yield { kind: PIECE, bytes: next.value };
      }
    }
  })();
  const end = () => {
    for (const { pieces } of sources) pieces.return?.();
  };
  // No generator outside: one that was never begun would not tell the folds that the snapshot is given up.
  return {
    next: () => pieces.next(),
    return() {
      end();
      return { done: true, value: undefined };
    },
  };
}

/** @param foldOf - the fold of a name, attached or made to keep it. @param apply - of entries that were kept for a fold. */
export function restoreSections(pieces: Iterable<SnapshotPiece>, foldOf: (name: string) => Fold): RunnerState {
  const iterator = pieces[Symbol.iterator]();
  let next = iterator.next();
  if (next.done || next.value.kind !== OF_RUNNER) throw new Error('the snapshot does not say whose folds it holds');
  const state: RunnerState = parse(next.value.bytes);
  next = iterator.next();
  while (!next.done) {
    const name: string = parse(next.value.bytes);
    const fold = foldOf(name);
    next = iterator.next();
    const isRestored = !next.done && next.value.kind === PIECE;
    const own = (function* () {
      for (; !next.done && next.value.kind === PIECE; next = iterator.next()) yield next.value.bytes;
    })();
    if (isRestored) fold.restore(own);
    // What the fold did not ask for is checked all the same.
    while (!own.next().done);
    for (; !next.done && next.value.kind === ENTRY; next = iterator.next()) fold.apply(keptEntry(next.value.bytes));
  }
  return state;
}

/** Keeps, unread, the state of a fold that nobody attached in this run: its last pieces, and the entries since. */
export class KeptFold implements Fold {
  #pieces: Uint8Array[] = [];
  readonly #entries: Uint8Array[] = [];

  apply({ position, time, epoch, topic, record }: Entry): void {
    const head = json({ position, time, epoch, topic } satisfies KeptHead);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(head.length);
    this.#entries.push(Buffer.concat([length, head, record]));
  }

  section(): Iterable<SnapshotPiece> {
    return [
      ...this.#pieces.map((bytes) => ({ kind: PIECE, bytes })),
      ...this.#entries.map((bytes) => ({ kind: ENTRY, bytes })),
    ];
  }

  /** Gives everything to the fold that it was kept for. */
  handOver(fold: Fold): void {
    restoreFold(fold, this.#pieces);
    for (const bytes of this.#entries) fold.apply(keptEntry(bytes));
  }

  snapshot(): Iterable<Uint8Array> {
    return this.#pieces;
  }

  /** What it keeps is text, as far as anybody knows. */
  erase(what: Erasure): void {
    if (what.isWord) return;
    for (const bytes of [...this.#pieces, ...this.#entries]) what.scrub(bytes);
  }

  restore(pieces: Iterable<Uint8Array>): void {
    this.#pieces = Array.from(pieces, (piece) => new Uint8Array(piece));
  }
}

/** What a fold's snapshot holds now. */
export function piecesOf(fold: Fold): Uint8Array[] {
  return Array.from(fold.snapshot(), (piece) => new Uint8Array(piece));
}

/** A fold of which there is nothing is not restored. */
export function restoreFold(fold: Fold, pieces: readonly Uint8Array[]): void {
  if (pieces.length > 0) fold.restore(pieces);
}

function keptEntry(bytes: Uint8Array): Entry {
  const length = Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE();
  const head: KeptHead = parse(bytes.subarray(4, 4 + length));
  return { ...head, record: bytes.subarray(4 + length) };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}

function parse<Value>(bytes: Uint8Array): Value {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as Value;
}
