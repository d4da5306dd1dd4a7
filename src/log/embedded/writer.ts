import type { Clock } from '../../clock.ts';
import type { Follower } from '../engine.ts';
import type { Entry, Position } from '../log.ts';
import { notOpen, type StorageError } from '../storage-error.ts';
import { cannotWrite } from './errors.ts';
import type { Faults } from './faults.ts';
import { entryBytes, FRAME_HEAD, type NewEntry, writeFrame } from './frames.ts';
import type { Segment } from './segment.ts';

/** An entry that waits for its commit. */
interface Waiting extends NewEntry {
  readonly origin: unknown;
  readonly bytes: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: unknown) => void;
}

/** Anything else that must not run beside a commit. */
type Job = () => Promise<void>;

interface WriterOptions {
  readonly directory: string;
  /** The newest, open. */
  segment(): Segment;
  readonly follower: Follower;
  readonly clock: Clock;
  /** Of this opening, see Entry. */
  readonly epoch: string;
  /** Milliseconds between two attempts to write again after a failed commit. */
  readonly retryInterval: number;
  readonly faults?: Faults | undefined;
  onCommitted(): void;
  /** Nothing can be written until `onRecovered`. */
  onFailed(error: StorageError): void;
  onRecovered(): void;
}

/** Bytes after which a frame is closed, so that one commit stays short. */
const GROUP_BYTES = 4 * 1024 * 1024;
const SCRATCH_BYTES = 64 * 1024;
const MAX_KEPT_SCRATCH = 1024 * 1024;

/**
 * The only writer of the log: one write at a time, each on disk when it returns. What is appended while one is under way
 * shares the next, so that many small appends cost one sync; other work on the files takes turns with them.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #jobs: Job[] = [];
  #waiting: Waiting[] = [];
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #working: Promise<void> | undefined;
  /** Why nothing can be written. */
  #failure: StorageError | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Bytes that could not be written. */
  #wanted = 0;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  append({ topic, record }: NewEntry, origin: unknown): Promise<Position> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(notOpen());
    return new Promise((resolve, reject) => {
      const bytes = entryBytes({ topic, record });
      this.#waiting.push({ topic, record, origin, bytes, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Runs a job while no commit is under way. @throws what the job throws. */
  run<Result>(job: () => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => job().then(resolve, reject));
      this.#working ??= this.#work();
    });
  }

  /** Takes no more appends, and waits for those that were taken. `run` goes on working. */
  async drain(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    while (this.#working) await this.#working;
    // What was refused must not be found.
    if (this.#failure)
      await this.#options
        .segment()
        .trim()
        .catch(() => {});
  }

  async #work(): Promise<void> {
    // Whatever this turn of the event loop still brings shares the first commit; it costs a few microseconds.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0 || this.#jobs.length > 0) {
      if (this.#waiting.length > 0) await this.#commit();
      await this.#jobs.shift()?.();
    }
    this.#working = undefined;
  }

  async #commit(): Promise<void> {
    const { clock, epoch, faults, follower } = this.#options;
    const segment = this.#options.segment();
    const group = this.#nextGroup();
    const time = clock.now();
    try {
      const length = writeFrame(this.#scratch, segment.salt, { first: segment.last + 1, time, epoch }, group);
      this.#wanted = length;
      faults?.('before-commit');
      await segment.write(this.#scratch.subarray(0, length));
      // Written, but where nobody will find it.
      if (!segment.file!.isAt(segment.path))
        throw new Error(
          'its directory was deleted, replaced or unmounted. Put it back, or restart the bridge to begin where it is now',
        );
      segment.end += length;
    } catch (error) {
      await this.#fail(error, group);
      return;
    }
    if (this.#scratch.length > MAX_KEPT_SCRATCH) this.#scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    faults?.('after-commit');
    let position = segment.last;
    segment.last += group.length;
    segment.time = time;
    this.#options.onCommitted();
    for (const { topic, record, origin } of group) {
      const entry: Entry = { position: ++position, time, epoch, topic, record, origin };
      follower.deliver(entry);
    }
    faults?.('after-apply');
    position = segment.last - group.length;
    for (const { resolve } of group) resolve(++position);
  }

  /** What is written together, with room for its frame. */
  #nextGroup(): Waiting[] {
    let bytes = FRAME_HEAD;
    let count = 0;
    while (count < this.#waiting.length && bytes < GROUP_BYTES) bytes += this.#waiting[count++]!.bytes;
    if (bytes > this.#scratch.length) this.#scratch = Buffer.allocUnsafeSlow(bytes);
    if (count < this.#waiting.length) return this.#waiting.splice(0, count);
    const all = this.#waiting;
    this.#waiting = [];
    return all;
  }

  /** Rejects what failed and all that waits: it would fail too, and its senders keep it. */
  async #fail(cause: unknown, group: readonly Waiting[]): Promise<void> {
    const { directory, onFailed } = this.#options;
    const failure = await cannotWrite(this.#options.segment().path, directory, cause);
    this.#failure = failure;
    onFailed(failure);
    for (const { reject } of [...group, ...this.#waiting.splice(0)]) reject(failure);
    this.#scheduleRecovery();
    this.#sayIfFull(cause);
  }

  #sayIfFull(cause: unknown): void {
    if (['ENOSPC', 'EDQUOT'].includes((cause as NodeJS.ErrnoException).code ?? '')) this.#options.follower.full?.();
  }

  #scheduleRecovery(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.run(() => this.#recover()), this.#options.retryInterval);
    this.#retry.unref();
  }

  /** Lets appends in again once as much can be written as had failed, and nothing of that is left. */
  async #recover(): Promise<void> {
    const segment = this.#options.segment();
    const file = segment.file!;
    try {
      this.#options.faults?.('before-commit');
      await segment.trim();
      if (!file.isAt(segment.path)) throw new Error('still elsewhere');
      await file.write(Buffer.alloc(this.#wanted), segment.end);
      await segment.trim();
      await file.sync();
    } catch (error) {
      this.#scheduleRecovery();
      this.#sayIfFull(error);
      return;
    }
    this.#failure = undefined;
    this.#options.onRecovered();
  }
}
