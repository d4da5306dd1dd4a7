import type { Change, Environment, Row } from './environment.ts';
import { notOpen } from './errors.ts';
import type { Faults } from './faults.ts';
import { PROBE_KEY, recordKey, recordsAfter } from './layout.ts';
import { type Fold, StorageError } from './store.ts';

/** Records of one `append`, waiting for their commit. */
interface Append {
  readonly fold: number;
  readonly target: Fold;
  readonly records: readonly Uint8Array[];
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Anything else that must not run beside a commit. */
type Job = () => Promise<void>;

export interface WriterOptions {
  readonly environment: Environment;
  /** The last record that is on disk and applied. */
  readonly sequence: number;
  /** Milliseconds between two attempts to write again after a failed commit. */
  readonly retryInterval: number;
  readonly faults?: Faults | undefined;
  /** Records were committed and applied. @param bytes - of their payload. */
  onApplied(bytes: number): void;
  /** Nothing can be written until `onRecovered`. */
  onFailed(error: StorageError): void;
  onRecovered(): void;
}

/** Bytes of records after which a group is closed, so that one commit stays short; a single append may be larger. */
const GROUP_BYTES = 8 * 1024 * 1024;

/**
 * The only writer of the environment: one transaction at a time. What is appended while one is under way shares the
 * next, so that many small appends cost one sync; the steps of a snapshot take turns with them.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #jobs: Job[] = [];
  #environment: Environment;
  #appends: Append[] = [];
  #sequence: number;
  #working: Promise<void> | undefined;
  #recovering: Promise<void> | undefined;
  /** Why nothing can be written; cleared by a commit that succeeds. */
  #failure: StorageError | undefined;
  #retry: NodeJS.Timeout | undefined;
  /** Memory no longer follows the disk: only a restart helps. */
  #isLost = false;
  /** Bytes of the records that could not be written. */
  #wanted = 0;
  #closed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#environment = options.environment;
    this.#sequence = options.sequence;
  }

  /** The last record that is committed and applied; between two turns of the event loop the folds stand exactly there. */
  get sequence(): number {
    return this.#sequence;
  }

  /** @throws StorageError `ERR_STORAGE_COMMIT`, `ERR_STORAGE_CLOSED`: nothing was applied. */
  append(fold: number, target: Fold, records: readonly Uint8Array[]): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    if (this.#closed) return Promise.reject(notOpen());
    if (records.length === 0) return Promise.resolve();
    let bytes = 0;
    for (const record of records) bytes += record.length;
    return new Promise((resolve, reject) => {
      this.#appends.push({ fold, target, records, bytes, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** One transaction of other rows. @throws StorageError `ERR_STORAGE_COMMIT`; appends are then refused, too. */
  write(change: Change): Promise<void> {
    return this.run(() => this.#environment.commit(change).catch((error) => Promise.reject(this.#fail(error, [], 0))));
  }

  /** Runs a job while no commit is under way. @throws what the job throws; StorageError when nothing can be written. */
  run<Result>(job: () => Promise<Result>): Promise<Result> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => (this.#failure ? Promise.reject(this.#failure) : job()).then(resolve, reject));
      this.#working ??= this.#work();
    });
  }

  /** Writes into another environment from now on. To be called in a job. */
  goOnIn(environment: Environment): void {
    this.#environment = environment;
  }

  /** Takes no more appends, and waits for those that were taken. `run` and `write` go on working. */
  async drain(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#recovering;
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    // Whatever this turn of the event loop still brings shares the first commit; it costs a few microseconds.
    await new Promise(setImmediate);
    while (this.#appends.length > 0 || this.#jobs.length > 0) {
      if (this.#appends.length > 0) await this.#commitAppends();
      await this.#jobs.shift()?.();
    }
    this.#working = undefined;
  }

  async #commitAppends(): Promise<void> {
    const group = this.#nextGroup();
    let sequence = this.#sequence;
    let bytes = 0;
    try {
      const put: Row[] = [];
      for (const { fold, records, bytes: more } of group) {
        for (const value of records) put.push({ key: recordKey(++sequence, fold, value), value });
        bytes += more;
      }
      this.#options.faults?.('before-commit');
      await this.#environment.commit({ put });
    } catch (error) {
      this.#fail(error, group, bytes);
      return;
    }
    this.#options.faults?.('after-commit');
    for (const append of group) this.#apply(append);
    this.#sequence = sequence;
    this.#options.faults?.('after-apply');
    this.#options.onApplied(bytes);
    for (const append of group) append.resolve();
  }

  /** Its records are on disk, so they count whatever becomes of the fold. */
  #apply(append: Append): void {
    try {
      for (const record of append.records) append.target.apply(record);
    } catch (error) {
      this.#isLost = true;
      this.#fail(
        new StorageError(
          'ERR_STORAGE_COMMIT',
          'a record that is on disk could not be applied, so memory and disk disagree; restart the bridge',
          { cause: error },
        ),
        [append],
        0,
      );
    }
  }

  #nextGroup(): Append[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#appends.length && (count === 0 || bytes < GROUP_BYTES)) bytes += this.#appends[count++]!.bytes;
    if (count < this.#appends.length) return this.#appends.splice(0, count);
    const all = this.#appends;
    this.#appends = [];
    return all;
  }

  /** Rejects what failed and all that waits: it would fail too, and its senders keep it. @returns the reason. */
  #fail(error: unknown, failed: readonly Append[], wanted: number): StorageError {
    this.#wanted = wanted;
    const failure =
      error instanceof StorageError ? error : new StorageError('ERR_STORAGE_COMMIT', String(error), { cause: error });
    this.#failure = failure;
    this.#options.onFailed(failure);
    for (const append of [...failed, ...this.#appends.splice(0)]) append.reject(failure);
    this.#scheduleRecovery();
    return failure;
  }

  #scheduleRecovery(): void {
    if (this.#closed || this.#isLost) return;
    this.#retry = setTimeout(() => {
      this.#recovering = this.#recover();
    }, this.#options.retryInterval);
    this.#retry.unref();
  }

  /** Lets appends in again once as much can be written as had failed. */
  async #recover(): Promise<void> {
    try {
      await this.#environment.recover();
      // LMDB drops what it failed to commit; should the disk have kept it after all, it must not count.
      const ghosts = [...this.#environment.keys(recordsAfter(this.#sequence))];
      await this.#environment.commit({ put: [{ key: PROBE_KEY, value: Buffer.alloc(this.#wanted) }], remove: ghosts });
      await this.#environment.commit({ put: [{ key: PROBE_KEY, value: Buffer.alloc(0) }] });
    } catch {
      this.#scheduleRecovery();
      return;
    }
    this.#failure = undefined;
    this.#options.onRecovered();
  }
}
