import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { StorageError } from '../../src/storage/store.ts';
import { bytes, ListFold, openStore, temporaryDirectory } from './testing.ts';

const MARKER = 'couic-otel-bridge.store';

/** Numbers from 0 to 1, the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}

interface Original {
  readonly directory: string;
  /** The file after each run; the last one is the store. */
  readonly versions: readonly Buffer[];
  readonly records: readonly string[];
}

/** A store with everything in it: snapshots, carried records, a log, free pages, values inline and on pages of their own. */
async function makeStore(): Promise<Original> {
  const directory = temporaryDirectory();
  const records: string[] = [];
  const versions: Buffer[] = [];
  for (let run = 0; run < 6; run++) {
    const store = openStore(directory, { minimumLogBytes: 40_000 });
    const journal = store.attach('list', new ListFold(30_000));
    const other = run % 2 === 0 ? store.attach('other', new ListFold()) : undefined;
    await store.load();
    for (let i = 0; i < 25; i++) {
      const text = `${run}/${i}/`.padEnd(i % 7 === 0 ? 9000 : 150, String.fromCharCode(97 + i));
      await journal.append([bytes(text)]);
      records.push(text);
      await other?.append([bytes(text)]);
      if (run === 5 && i % 5 === 0) versions.push(readFileSync(join(directory, 'data.mdb')));
    }
    await store.close(run % 3 === 2 ? AbortSignal.abort() : undefined);
    versions.push(readFileSync(join(directory, 'data.mdb')));
  }
  return { directory, versions, records };
}

const PAGE = 4096;
const SECTOR = 512;

/** Changes a copy of the file. @returns what it did. */
type Damage = (data: Buffer, original: Original, random: () => number) => string;

const damages: Record<string, Damage> = {
  'a flipped bit': (data, _, random) => {
    const at = Math.floor(random() * usedBytes(data));
    const bit = Math.floor(random() * 8);
    data[at]! ^= 1 << bit;
    return `bit ${bit} of byte ${at}`;
  },
  'a flipped bit of a header page': (data, _, random) => {
    const at = Math.floor(random() * 2) * PAGE + Math.floor(random() * 176);
    const bit = Math.floor(random() * 8);
    data[at]! ^= 1 << bit;
    return `bit ${bit} of byte ${at}`;
  },
  'a sector of zeros': (data, _, random) => {
    const at = Math.floor((random() * usedBytes(data)) / SECTOR) * SECTOR;
    data.fill(0, at, at + SECTOR);
    return `sector at ${at}`;
  },
  'a page that was not written': (data, { versions }, random) => {
    const old = versions[Math.floor(random() * (versions.length - 1))]!;
    const page = Math.floor((random() * usedBytes(data)) / PAGE);
    old.copy(data, page * PAGE, page * PAGE, (page + 1) * PAGE);
    return `page ${page}`;
  },
};

function usedBytes(data: Buffer): number {
  return data.findLastIndex((byte) => byte !== 0) + 1;
}

/**
 * Damages a store's file at random places, one at a time, and restarts on each: it must be refused, or come back whole
 * and go on working. @returns how often it was refused, and how often the damage did not matter, by kind.
 */
export async function damageAtRandom(
  count: number,
  seed: number,
): Promise<Record<string, { refused: number; harmless: number }>> {
  const original = await makeStore();
  const random = randomNumbers(seed);
  const results: Record<string, { refused: number; harmless: number }> = {};
  for (const [kind, damage] of Object.entries(damages)) {
    const result = { refused: 0, harmless: 0 };
    for (let i = 0; i < count; i++) {
      const copy = mkdtempSync(join(original.directory, 'copy-'));
      const data = Buffer.from(original.versions.at(-1)!);
      const what = damage(data, original, random);
      writeFileSync(join(copy, 'data.mdb'), data);
      copyFileSync(join(original.directory, MARKER), join(copy, MARKER));
      if (await survives(copy, original.records, what)) result.harmless++;
      else result.refused++;
      rmSync(copy, { recursive: true });
    }
    results[kind] = result;
  }
  return results;
}

async function survives(directory: string, expected: readonly string[], flip: string): Promise<boolean> {
  const fold = new ListFold(30_000);
  const store = openStore(directory, { minimumLogBytes: 1000 });
  const journal = store.attach('list', fold);
  const other = new ListFold();
  store.attach('other', other);
  try {
    await store.load();
  } catch (error) {
    expect(error, flip).toBeInstanceOf(StorageError);
    expect((error as StorageError).code, flip).toBe('ERR_STORAGE_DAMAGED');
    return false;
  }
  expect(fold.records, flip).toEqual(expected);
  expect(other.records, flip).toEqual(expected.filter((text) => Number(text[0]) % 2 === 0));
  for (let i = 0; i < 10; i++) await journal.append([bytes(`after ${i}`.padEnd(3000))]);
  await store.close();

  const again = new ListFold();
  const restarted = openStore(directory);
  restarted.attach('list', again);
  await restarted.load();
  expect(again.records.slice(0, expected.length), flip).toEqual(expected);
  expect(again.records, flip).toHaveLength(expected.length + 10);
  await restarted.close();
  return true;
}
