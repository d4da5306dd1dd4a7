import { copyFileSync, mkdtempSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FaultPoint } from '../../src/storage/faults.ts';
import type { LmdbStore } from '../../src/storage/lmdb-store.ts';
import type { Journal } from '../../src/storage/store.ts';
import { randomNumbers } from './random-damage.ts';
import { bytes, DigestFold, openStore, temporaryDirectory } from './testing.ts';

const POINTS: readonly FaultPoint[] = [
  'before-commit',
  'after-commit',
  'after-apply',
  'after-rotation',
  'snapshot-piece',
  'before-flip',
  'after-flip',
  'during-trim',
];
const NAMES = ['ledger', 'exporter/a', 'exporter/b'];

interface Append {
  readonly name: string;
  readonly records: readonly string[];
}

/** What is on disk at a fault point, as a process that is killed there leaves it. */
interface Image {
  readonly directory: string;
  /** Appends that had been acknowledged, and that had been made: the truth lies between. */
  readonly acknowledged: number;
  readonly made: number;
}

/** Lives of a store, each ended by a crash at a random point, each going on from what the last one left. */
class Lives {
  readonly #random: () => number;
  readonly #root = temporaryDirectory();
  /** Everything that is on disk, in order. */
  #appends: Append[] = [];
  #next = 0;

  constructor(seed: number) {
    this.#random = randomNumbers(seed);
  }

  async live(count: number): Promise<void> {
    let directory = mkdtempSync(join(this.#root, 'life-'));
    let bounds = { acknowledged: 0, made: 0 };
    for (let life = 0; life < count; life++) {
      const image = await this.#live(directory, bounds);
      bounds = image;
      directory = image.directory;
    }
    await this.#live(directory, bounds);
  }

  /** Starts, compares, appends at random, and is abandoned with a copy of the directory. */
  async #live(directory: string, bounds: { acknowledged: number; made: number }): Promise<Image> {
    let acknowledged = 0;
    let image: Image | undefined;
    const fatal = pick(POINTS, this.#random);
    let countdown = Math.floor(this.#random() * 4);
    const store = openStore(directory, {
      minimumLogBytes: 500 + Math.floor(this.#random() * 5000),
      faults: (point) => {
        if (!image && point === fatal && countdown-- <= 0)
          image = { directory: this.#copy(directory), acknowledged, made: this.#appends.length };
      },
    });
    await this.#verify(this.#copy(directory), bounds);
    const journals = this.#attachSome(store);
    await store.load();
    acknowledged = this.#appends.length;

    const waiting: Promise<void>[] = [];
    while (!image) {
      const name = pick([...journals.keys()], this.#random);
      const records = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => this.#record());
      this.#appends.push({ name, records });
      const made = this.#appends.length;
      waiting.push(
        journals
          .get(name)!
          .append(records.map(bytes))
          .then(() => {
            acknowledged = Math.max(acknowledged, made);
          }),
      );
      if (this.#random() < 0.5) await waiting.at(-1);
    }
    await Promise.all(waiting);
    await store.close(AbortSignal.abort());
    return image;
  }

  /** Not every name is attached in every life. */
  #attachSome(store: LmdbStore): Map<string, Journal> {
    const names = NAMES.filter((_, i) => i === 0 || this.#random() < 0.7);
    return new Map(names.map((name) => [name, store.attach(name, new DigestFold())]));
  }

  /** All folds together must hold exactly the first appends, and all that were acknowledged among them. */
  async #verify(directory: string, { acknowledged, made }: { acknowledged: number; made: number }): Promise<void> {
    const store = openStore(directory);
    const folds = NAMES.map(() => new DigestFold());
    for (const [i, name] of NAMES.entries()) store.attach(name, folds[i]!);
    await store.load();
    const found = folds.map(({ state }) => state);
    const total = found.reduce((sum, { count }) => sum + count, 0);
    let count = acknowledged;
    while (count < made && recordsOf(this.#appends.slice(0, count)).length < total) count++;
    this.#appends = this.#appends.slice(0, count);
    expect(found).toEqual(NAMES.map((name) => digest(recordsOf(this.#appends, name))));
    await store.close();
  }

  #record(): string {
    return `${this.#next++}/`.padEnd(this.#random() < 0.1 ? 9000 : Math.floor(this.#random() * 300), '=');
  }

  #copy(directory: string): string {
    const copy = mkdtempSync(join(this.#root, 'life-'));
    // Not LMDB's lock files: reading them would free the locks of this process.
    for (const name of readdirSync(directory).filter(
      (name) => /\.(mdb|store)$/.test(name) && !name.startsWith('exclusive'),
    ))
      copyFileSync(join(directory, name), join(copy, name));
    return copy;
  }
}

function recordsOf(appends: readonly Append[], name?: string): string[] {
  return appends.filter((append) => name === undefined || append.name === name).flatMap(({ records }) => records);
}

function digest(records: readonly string[]): DigestFold['state'] {
  const fold = new DigestFold();
  for (const record of records) fold.apply(bytes(record));
  return fold.state;
}

function pick<T>(values: readonly T[], random: () => number): T {
  return values[Math.floor(random() * values.length)]!;
}

/** @param lives - starts, each of which ends in a crash. */
export async function crashAtRandom(lives: number, seed: number): Promise<void> {
  await new Lives(seed).live(lives);
}
