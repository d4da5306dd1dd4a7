import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { Health } from '../../src/health.ts';
import { LmdbStore, type LmdbStoreOptions } from '../../src/storage/lmdb-store.ts';
import type { Fold } from '../../src/storage/store.ts';

/** In memory where that is to be had: most tests are about what is written, not about how long a disk takes. */
const root = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A directory that is gone after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(root, 'store-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Those of the test that are not closed: some tests open thousands, with all that their folds hold. */
const stores = new Set<LmdbStore>();

class TestStore extends LmdbStore {
  override async close(deadline?: AbortSignal): Promise<void> {
    await super.close(deadline);
    stores.delete(this);
  }
}

async function closeStores(): Promise<void> {
  for (const store of stores) await store.close();
}

/** A store of the test, closed after it. */
export function openStore(directory: string, options: Partial<LmdbStoreOptions> = {}): LmdbStore {
  const store = new TestStore({
    directory,
    clock: { now: () => 1_700_000_000_000, monotonic: () => 0 },
    health: new Health(),
    logger: pino({ enabled: false }),
    ...options,
  });
  stores.add(store);
  onTestFinished(closeStores);
  return store;
}

/** Keeps every record it was given, in order: a fold that forgets nothing. */
export class ListFold implements Fold {
  records: string[] = [];
  readonly #pieceBytes: number;

  constructor(pieceBytes = 1000) {
    this.#pieceBytes = pieceBytes;
  }

  apply(record: Uint8Array): void {
    this.records.push(Buffer.from(record).toString('latin1'));
  }

  snapshot(): Iterable<Uint8Array> {
    const bytes = Buffer.from(JSON.stringify(this.records));
    const size = this.#pieceBytes;
    return (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })();
  }

  restore(pieces: Iterable<Uint8Array>): void {
    this.records = JSON.parse(Buffer.concat([...pieces]).toString());
  }
}

export const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** Knows how many records it was given, and a digest of them in their order; small, and its snapshots have several pieces. */
export class DigestFold implements Fold {
  state = { count: 0, digest: '' };

  apply(record: Uint8Array): void {
    const digest = createHash('sha256').update(this.state.digest).update(record).digest('hex');
    this.state = { count: this.state.count + 1, digest };
  }

  snapshot(): Iterable<Uint8Array> {
    const text = JSON.stringify(this.state);
    return [text.slice(0, 10), text.slice(10, 20), text.slice(20)].map(bytes);
  }

  restore(pieces: Iterable<Uint8Array>): void {
    this.state = JSON.parse(Buffer.concat([...pieces]).toString());
  }
}

/** Also counts how its records came, and whether its snapshots were released. */
export class CountingFold extends ListFold {
  applied = 0;
  returned = 0;

  override apply(record: Uint8Array): void {
    this.applied++;
    super.apply(record);
  }

  override snapshot(): Iterable<Uint8Array> {
    const pieces = super.snapshot()[Symbol.iterator]();
    return {
      [Symbol.iterator]: () => ({
        next: () => pieces.next(),
        return: () => {
          this.returned++;
          return { done: true, value: undefined };
        },
      }),
    };
  }
}
