import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { StoreDirectory } from './directory.ts';
import type { Row } from './environment.ts';
import type { Faults } from './faults.ts';
import { carriedKey, carriedOf, type KeyRange, pieceKey, piecesOf, RECORDS, readRecordKey } from './layout.ts';
import { type FoldEntry, type Manifest, newEntry, snapshotBytes } from './manifest.ts';
import { Segment } from './segment.ts';
import type { Fold } from './store.ts';
import type { Writer } from './writer.ts';

export interface SnapshotterOptions {
  readonly directory: StoreDirectory;
  readonly writer: Writer;
  /** The segments that count, oldest first; the writer writes into the last. */
  readonly chain: readonly Segment[];
  /** Attached folds by name. */
  readonly folds: ReadonlyMap<string, Fold>;
  /** Bytes of the records since the last whole snapshot. */
  readonly logBytes: number;
  readonly clock: Clock;
  readonly faults?: Faults | undefined;
  /** The log is cut once it is longer than this, and than the last snapshot: so both writing and restarting stay cheap. */
  readonly minimumLogBytes: number;
  /** A snapshot was given up. Nothing is lost; the next one starts from the beginning. */
  onFailed(error: unknown): void;
}

/** The moment that a snapshot describes. */
interface Moment {
  readonly segment: Segment;
  readonly manifest: Manifest;
  /** Snapshots of the attached folds. */
  readonly sources: Map<string, Iterator<Uint8Array>>;
  readonly logBytes: number;
}

/** How long the writer is left alone after each write of a snapshot, as a multiple of the time that the write took. */
const REST = 6;
/** Bytes that are copied from an older segment in one transaction. */
const COPY_BYTES = 1024 * 1024;

/** Cuts the log: lets it go on in a new segment, writes the state at that moment there, and deletes the older ones. */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  #chain: Segment[];
  #logBytes: number;
  /** The log is left alone until it is longer: after a failure, not every record tries again. */
  #threshold: number;
  #running: Promise<void> | undefined;
  /** Aborted to let a snapshot under way go on without rests. */
  readonly #hurry = new AbortController();

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#chain = [...options.chain];
    this.#logBytes = options.logBytes;
    this.#threshold = this.#limit();
  }

  /** Counts records that were applied, and takes a snapshot in the background when the log has become long. */
  onApplied(bytes: number): void {
    this.#logBytes += bytes;
    if (this.#logBytes <= this.#threshold || this.#running || this.#hurry.signal.aborted) return;
    this.#running = this.#take().finally(() => {
      this.#running = undefined;
    });
  }

  /**
   * Takes a last snapshot, at full speed, and closes the segments; the writer takes no more appends.
   * @param deadline - when it is aborted, the snapshot is given up; the next start then has more to replay.
   */
  async finish(deadline: AbortSignal | undefined): Promise<void> {
    this.#hurry.abort();
    await this.#running;
    if (this.#options.writer.sequence > this.#chain[0]!.manifest!.start && !deadline?.aborted)
      await this.#take(deadline);
    for (const segment of this.#chain) await segment.close();
  }

  #limit(): number {
    return Math.max(this.#options.minimumLogBytes, snapshotBytes(this.#chain[0]!.manifest!));
  }

  async #take(deadline?: AbortSignal): Promise<void> {
    try {
      const moment = await this.#begin();
      await this.#write(moment, deadline);
      await this.#removeOlder(moment.segment);
    } catch (error) {
      this.#threshold = this.#logBytes + this.#options.minimumLogBytes;
      if (!deadline?.aborted) this.#options.onFailed(error);
    }
  }

  /** The log goes on in a new segment, and the folds' states are held fast, at one moment. */
  async #begin(): Promise<Moment> {
    const { directory, writer, folds, faults } = this.#options;
    const segment = await Segment.create(directory, Math.max(...directory.segments()) + 1);
    try {
      return await writer.run(async () => {
        const current = this.#chain.at(-1)!;
        const before = current.manifest!;
        const manifest: Manifest = {
          ...before,
          start: writer.sequence,
          isComplete: false,
          next: null,
          folds: before.folds.map(({ name }) => newEntry(name)),
        };
        // In this order: a segment that is named is there, and one that holds records is named.
        await segment.setManifest(manifest);
        await current.setManifest({ ...before, next: segment.number });
        const sources = new Map([...folds].map(([name, fold]) => [name, fold.snapshot()[Symbol.iterator]()]));
        writer.goOnIn(segment.environment);
        this.#chain.push(segment);
        faults?.('after-rotation');
        return { segment, manifest, sources, logBytes: this.#logBytes };
      });
    } catch (error) {
      if (!this.#chain.includes(segment)) await segment.close();
      throw error;
    }
  }

  async #write({ segment, manifest, sources, logBytes }: Moment, deadline: AbortSignal | undefined): Promise<void> {
    const { writer, faults } = this.#options;
    try {
      const folds: FoldEntry[] = [];
      for (const [number, { name }] of manifest.folds.entries()) {
        const source = sources.get(name);
        folds.push(
          source
            ? { name, snapshot: await this.#writePieces(number, source, deadline), carried: 0 }
            : await this.#carry(number, name, segment, deadline),
        );
        sources.delete(name);
      }
      faults?.('before-flip');
      await writer.run(() => segment.setManifest({ ...manifest, isComplete: true, folds }));
      faults?.('after-flip');
      this.#logBytes -= logBytes;
    } finally {
      for (const source of sources.values()) source.return?.();
    }
  }

  async #writePieces(fold: number, source: Iterator<Uint8Array>, deadline: AbortSignal | undefined) {
    const written = { pieces: 0, bytes: 0 };
    let isDone = false;
    while (!isDone) {
      await this.#paced(deadline, async () => {
        const next = source.next();
        if (next.done) {
          isDone = true;
          return;
        }
        const { value } = next;
        await this.#options.writer.write({ put: [{ key: pieceKey(fold, written.pieces, value), value }] });
        written.pieces++;
        written.bytes += value.length;
        this.#options.faults?.('snapshot-piece');
      });
    }
    return written;
  }

  /** Copies what there is of a fold that nobody attached: its last snapshot, and its records since. */
  async #carry(fold: number, name: string, into: Segment, deadline: AbortSignal | undefined): Promise<FoldEntry> {
    const [base, ...later] = this.#chain.filter((segment) => segment !== into);
    const { snapshot, carried } = base!.manifest!.folds[fold] ?? newEntry(name);
    let records = 0;
    await this.#copy(base!, piecesOf(fold), (row) => row, deadline);
    if (carried > 0) records += await this.#copy(base!, carriedOf(fold), (row) => row, deadline);
    for (const segment of [base!, ...later])
      records += await this.#copy(segment, RECORDS, (row) => carryRecord(fold, row), deadline);
    return { name, snapshot, carried: records };
  }

  /** @returns how many rows were copied: those of which something was made. */
  async #copy(
    from: Segment,
    range: KeyRange,
    convert: (row: Row) => Row | undefined,
    deadline: AbortSignal | undefined,
  ): Promise<number> {
    let copied = 0;
    for (let rest: KeyRange | undefined = range; rest; ) {
      const part: { rows: Row[]; rest: KeyRange | undefined } = from.environment.part(rest, COPY_BYTES);
      const put = part.rows.flatMap((row) => convert(row) ?? []);
      rest = part.rest;
      copied += put.length;
      if (put.length > 0) await this.#paced(deadline, () => this.#options.writer.write({ put }));
    }
    return copied;
  }

  async #removeOlder(segment: Segment): Promise<void> {
    const { directory, faults } = this.#options;
    const older = this.#chain.filter((other) => other !== segment);
    this.#chain = [segment];
    this.#threshold = this.#limit();
    for (const one of older) await one.close();
    await removeSegmentsBefore(segment.number, directory, faults);
  }

  /** One step of the work; ingestion has the time between the steps to itself. */
  async #paced(deadline: AbortSignal | undefined, step: () => Promise<void>): Promise<void> {
    deadline?.throwIfAborted();
    const start = this.#options.clock.monotonic();
    await step();
    const rest = (this.#options.clock.monotonic() - start) * REST;
    const { signal } = this.#hurry;
    if (rest > 0 && !signal.aborted) await sleep(rest, undefined, { signal }).catch(() => {});
  }
}

/** Segments that no longer count, and those that an interrupted start or snapshot left. */
export async function removeSegmentsBefore(number: number, directory: StoreDirectory, faults?: Faults): Promise<void> {
  for (const other of directory.segments()) {
    if (other >= number) continue;
    await directory.removeSegment(other);
    faults?.('during-trim');
  }
}

function carryRecord(fold: number, { key, value }: Row): Row | undefined {
  const record = readRecordKey(key);
  return record.fold === fold ? { key: carriedKey(fold, record.sequence, value), value } : undefined;
}
