import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { StorageError } from '../../src/storage/store.ts';
import { bytes, ListFold, openStore, temporaryDirectory } from './testing.ts';

/** Numbers from 0 to 1, the same ones for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x8000_0000;
  };
}

/** Files by name. */
type Files = ReadonlyMap<string, Buffer>;

interface Original {
  readonly directory: string;
  /** What was on disk at several times; the last one is the store. */
  readonly versions: readonly Files[];
  readonly records: readonly string[];
}

/**
 * A store with everything in it: a segment with snapshots, carried records and a log, one in which the log went on while
 * a snapshot was interrupted, free pages, values inline and on pages of their own.
 */
async function makeStore(): Promise<Original> {
  const directory = temporaryDirectory();
  const records: string[] = [];
  const versions: Files[] = [];
  let pieces = 0;
  for (let run = 0; run < 6; run++) {
    const store = openStore(directory, {
      minimumLogBytes: run === 5 ? 10_000 : 40_000,
      faults: (point) => {
        if (run === 5 && point === 'snapshot-piece' && ++pieces === 2) throw new Error('interrupted');
      },
    });
    const journal = store.attach('list', new ListFold(30_000));
    const other = run % 2 === 0 ? store.attach('other', new ListFold()) : undefined;
    await store.load();
    for (let i = 0; i < (run === 5 ? 50 : 25); i++) {
      const text = `${run}/${i}/`.padEnd(run === 5 || i % 7 === 0 ? 9000 : 150, String.fromCharCode(97 + (i % 26)));
      await journal.append([bytes(text)]);
      records.push(text);
      await other?.append([bytes(text)]);
      if (run === 5 && i % 3 === 0) versions.push(read(directory));
    }
    await store.close(run % 3 === 2 ? AbortSignal.abort() : undefined);
    versions.push(read(directory));
  }
  return { directory, versions, records };
}

/** Not LMDB's lock files: reading them would free the locks of this process. */
function read(directory: string): Files {
  const names = readdirSync(directory).filter((name) => /^segment.*mdb$|store$/.test(name));
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

const PAGE = 4096;
const SECTOR = 512;

/** Changes a copy of one file. @param older - what the file was before. @returns what it did. */
type Damage = (data: Buffer, older: readonly Buffer[], random: () => number) => string;

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
  'a page that was not written': (data, older, random) => {
    const old = older[Math.floor(random() * older.length)]!;
    // Not a header page: without its last one a file is as it was before the last commit, and nothing in it can tell.
    const page = 2 + Math.floor(random() * (usedBytes(data) / PAGE - 2));
    data.fill(0, page * PAGE, (page + 1) * PAGE);
    old.subarray(page * PAGE, (page + 1) * PAGE).copy(data, page * PAGE);
    return `page ${page}`;
  },
};

function usedBytes(data: Buffer): number {
  return data.findLastIndex((byte) => byte !== 0) + 1;
}

/**
 * Damages a store's segments at random places, one at a time, and restarts on each: it must be refused, or come back whole
 * and go on working. @returns how often it was refused, and how often the damage did not matter, by kind.
 */
export async function damageAtRandom(
  count: number,
  seed: number,
): Promise<Record<string, { refused: number; harmless: number }>> {
  const original = await makeStore();
  const files = original.versions.at(-1)!;
  const segments = [...files.keys()].filter((name) => name.startsWith('segment'));
  expect(segments.length).toBe(2);
  const random = randomNumbers(seed);
  const results: Record<string, { refused: number; harmless: number }> = {};
  for (const [kind, damage] of Object.entries(damages)) {
    const result = { refused: 0, harmless: 0 };
    for (let i = 0; i < count; i++) {
      const copy = mkdtempSync(join(original.directory, 'copy-'));
      const victim = segments[i % segments.length]!;
      const older = original.versions.slice(0, -1).flatMap((version) => version.get(victim) ?? []);
      const damaged = Buffer.from(files.get(victim)!);
      const what = `${victim}: ${damage(damaged, older, random)}`;
      for (const [name, data] of files) writeFileSync(join(copy, name), name === victim ? damaged : data);
      if (await survives(copy, original.records, what)) result.harmless++;
      else result.refused++;
      rmSync(copy, { recursive: true });
    }
    results[kind] = result;
  }
  return results;
}

/** Tells of the first difference only: the records are long. */
function mustEqual(found: readonly string[], expected: readonly string[], flip: string): void {
  const at = expected.findIndex((text, i) => found[i] !== text);
  expect([found.length, found[at]?.slice(0, 10)], flip).toEqual([expected.length, expected[at]?.slice(0, 10)]);
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
    await store.close();
    expect(error, flip).toBeInstanceOf(StorageError);
    expect((error as StorageError).code, flip).toBe('ERR_STORAGE_DAMAGED');
    return false;
  }
  mustEqual(fold.records, expected, flip);
  mustEqual(
    other.records,
    expected.filter((text) => Number(text[0]) % 2 === 0),
    flip,
  );
  for (let i = 0; i < 10; i++) await journal.append([bytes(`after ${i}`.padEnd(3000))]);
  await store.close();

  const again = new ListFold();
  const restarted = openStore(directory);
  restarted.attach('list', again);
  await restarted.load();
  mustEqual(again.records.slice(0, expected.length), expected, flip);
  expect(again.records, flip).toHaveLength(expected.length + 10);
  await restarted.close();
  return true;
}
