import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../clock.ts';
import type { Environment, Row } from './environment.ts';
import type { Faults } from './faults.ts';
import { carriedKey, MANIFEST_KEY, pieceKey, readRecordKey, recordsAfter } from './layout.ts';
import { encodeManifest, type FoldEntry, type Manifest, snapshotBytes } from './manifest.ts';
import type { Fold } from './store.ts';
import { leftovers } from './sweep.ts';
import type { Writer } from './writer.ts';

export interface SnapshotterOptions {
  readonly environment: Environment;
  readonly writer: Writer;
  /** What counts now. */
  readonly manifest: Manifest;
  /** Attached folds by name. */
  readonly folds: ReadonlyMap<string, Fold>;
  /** Bytes of the log that no snapshot contains yet. */
  readonly logBytes: number;
  readonly clock: Clock;
  readonly faults?: Faults | undefined;
  /** The log is cut once it is longer than this, and than the last snapshot: so both writing and restarting stay cheap. */
  readonly minimumLogBytes: number;
  /** A snapshot was given up; the next one starts from the beginning. */
  onFailed(error: unknown): void;
}

/** How long the writer is left alone after each write of a snapshot, as a multiple of the time that the write took. */
const REST = 5;
/** Bytes of records that are carried over in one transaction. */
const CARRY_BYTES = 1024 * 1024;

/** Cuts the log: writes what the folds are, lets that count in place of the records, and removes those. */
export class Snapshotter {
  readonly #options: SnapshotterOptions;
  #manifest: Manifest;
  #logBytes: number;
  /** The log is left alone until it has grown beyond this: after a failure, not every record tries again. */
  #threshold: number;
  #running: Promise<void> | undefined;
  /** Aborted to let a snapshot under way go on without rests. */
  readonly #hurry = new AbortController();

  constructor(options: SnapshotterOptions) {
    this.#options = options;
    this.#manifest = options.manifest;
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
   * Takes a last snapshot, at full speed; the writer takes no more appends.
   * @param deadline - when it is aborted, the snapshot is given up; the log then stays as it is.
   */
  async finish(deadline: AbortSignal | undefined): Promise<void> {
    this.#hurry.abort();
    await this.#running;
    if (this.#options.writer.sequence > this.#manifest.sequence) await this.#take(deadline);
  }

  #limit(): number {
    return Math.max(this.#options.minimumLogBytes, snapshotBytes(this.#manifest));
  }

  async #take(deadline?: AbortSignal): Promise<void> {
    try {
      await this.#sweep(deadline);
      await this.#write(deadline);
      await this.#sweep(deadline);
    } catch (error) {
      this.#threshold = this.#logBytes + this.#options.minimumLogBytes;
      if (!deadline?.aborted) this.#options.onFailed(error);
    }
  }

  async #write(deadline: AbortSignal | undefined): Promise<void> {
    const { writer, folds, faults } = this.#options;
    // One moment for all: nothing is applied before the next turn of the event loop.
    const sequence = writer.sequence;
    const applied = this.#logBytes;
    const sources = new Map([...folds].map(([name, fold]) => [name, fold.snapshot()[Symbol.iterator]()]));
    const generation = this.#manifest.generation + 1;
    try {
      const entries: FoldEntry[] = [];
      for (const [number, entry] of this.#manifest.folds.entries()) {
        const source = sources.get(entry.name);
        entries.push(
          source
            ? {
                name: entry.name,
                generation,
                ...(await this.#writePieces(number, generation, source, deadline)),
                sequence,
                carried: 0,
              }
            : { ...entry, carried: entry.carried + (await this.#carry(number, sequence, deadline)) },
        );
        sources.delete(entry.name);
      }
      const manifest = { ...this.#manifest, sequence, generation, folds: entries };
      faults?.('before-flip');
      await writer.write({ put: [{ key: MANIFEST_KEY, value: encodeManifest(manifest) }] });
      faults?.('after-flip');
      this.#manifest = manifest;
      this.#logBytes -= applied;
      this.#threshold = this.#limit();
    } finally {
      for (const source of sources.values()) source.return?.();
    }
  }

  async #writePieces(
    fold: number,
    generation: number,
    source: Iterator<Uint8Array>,
    deadline: AbortSignal | undefined,
  ): Promise<{ pieces: number; bytes: number }> {
    let pieces = 0;
    let bytes = 0;
    let isDone = false;
    try {
      while (!isDone) {
        await this.#paced(deadline, async () => {
          const next = source.next();
          if (next.done) {
            isDone = true;
            return;
          }
          const value = next.value;
          const key = pieceKey({ fold, generation, piece: pieces }, value);
          await this.#options.writer.write({ put: [{ key, value }] });
          this.#options.faults?.('snapshot-piece');
          pieces++;
          bytes += value.length;
        });
      }
    } finally {
      if (!isDone) source.return?.();
    }
    return { pieces, bytes };
  }

  /** Moves the records of a fold that nobody attached out of the log's way. @returns how many. */
  async #carry(fold: number, upTo: number, deadline: AbortSignal | undefined): Promise<number> {
    const { environment, writer } = this.#options;
    let carried = 0;
    for (let sequence = this.#manifest.sequence; sequence < upTo; ) {
      await this.#paced(deadline, async () => {
        const put: Row[] = [];
        let bytes = 0;
        for (const { key, value } of environment.rows(recordsAfter(sequence))) {
          const record = readRecordKey(key);
          if (record.sequence > upTo || bytes >= CARRY_BYTES) break;
          sequence = record.sequence;
          if (record.fold !== fold) continue;
          put.push({ key: carriedKey(fold, record.sequence, value), value });
          bytes += value.length;
        }
        carried += put.length;
        if (put.length > 0) await writer.write({ put });
      });
    }
    return carried;
  }

  async #sweep(deadline: AbortSignal | undefined): Promise<void> {
    for (const remove of leftovers(this.#options.environment, this.#manifest)) {
      await this.#paced(deadline, () => this.#options.writer.write({ remove }));
      this.#options.faults?.('during-trim');
    }
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
