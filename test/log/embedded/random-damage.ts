import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { systemDisk } from '../../../src/log/embedded/disk.ts';
import { Mark } from '../../../src/log/embedded/mark.ts';
import { StorageError } from '../../../src/log/storage-error.ts';
import { bytes, ListFold } from '../folds.ts';
import { openLog, temporaryDirectory } from './testing.ts';

type Files = ReadonlyMap<string, Buffer>;

interface Original {
  readonly directory: string;
  /** Of the newest segment, behind which zeros follow. */
  readonly end: number;
  /** What was on disk at several times; the last one is the log. */
  readonly versions: readonly Files[];
  readonly records: readonly string[];
}

/**
 * A log with everything in it: a snapshot, segments that it needs, one that only a reader needs, a carried fold, and zeros
 * ahead of the next commit, since its process was killed.
 */
async function makeLog(): Promise<Original> {
  const directory = temporaryDirectory();
  const records: string[] = [];
  const versions: Files[] = [];
  let [pieces, end] = [0, 0];
  for (let run = 0; run < 6; run++) {
    const log = openLog(directory, {
      minimumLogBytes: run === 5 ? 100_000 : 40_000,
      faults: (point) => {
        // The log went on in another segment, and no snapshot came of it.
        if (run === 5 && point === 'snapshot-piece' && ++pieces === 2) throw new Error('interrupted');
      },
    });
    log.attach('list', new ListFold(30_000));
    if (run % 2 === 0) log.attach('other', new ListFold());
    log.reader('slow');
    await log.load();
    for (let i = 0; i < (run === 5 ? 50 : 25); i++) {
      const isLong = i % 7 === 0 || (run === 5 && i < 40);
      const text = `${run}/${i}/`.padEnd(isLong ? 9000 : 150, String.fromCharCode(97 + (i % 26)));
      await log.topic('list').append(bytes(text));
      records.push(text);
      if (run % 2 === 0) await log.topic('other').append(bytes(text));
      if (run === 5 && i % 3 === 0) versions.push(read(directory));
    }
    if (run === 5) {
      end = log.extents.at(-1)!.bytes;
      // The mark is written a moment after.
      await vi.waitFor(() => expect(new Mark(systemDisk, directory).read()).toBe(log.position));
      versions.push(read(directory));
      await log.close(AbortSignal.abort());
      continue;
    }
    await log.close();
    versions.push(read(directory));
  }
  return { directory, end, versions, records };
}

function read(directory: string): Files {
  const names = readdirSync(directory).filter((name) => name !== 'lock');
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

const SECTOR = 512;

/** Changes a copy of one file. @param older - what the file was before. @returns what is there then, and what was done. */
type Damage = (data: Buffer, older: readonly Buffer[], random: () => number) => readonly [Buffer, string];

const damages: Record<string, Damage> = {
  'a flipped bit': (data, _, random) => {
    const [at, bit] = [Math.floor(random() * data.length), Math.floor(random() * 8)];
    data[at]! ^= 1 << bit;
    return [data, `bit ${bit} of byte ${at}`];
  },
  'a sector of zeros': (data, _, random) => {
    const at = Math.floor((random() * data.length) / SECTOR) * SECTOR;
    data.fill(0, at, Math.min(data.length, at + SECTOR));
    return [data, `sector at ${at}`];
  },
  'a sector that was not written': (data, older, random) => {
    const old = older[Math.floor(random() * older.length)] ?? Buffer.alloc(0);
    const at = Math.floor((random() * data.length) / SECTOR) * SECTOR;
    data.fill(0, at, Math.min(data.length, at + SECTOR));
    old.subarray(at, at + SECTOR).copy(data, at);
    return [data, `sector at ${at}`];
  },
  'a cut': (data, _, random) => {
    const length = Math.floor(random() * data.length);
    return [data.subarray(0, length), `cut to ${length} of ${data.length} bytes`];
  },
};

export interface DamageResult {
  /** The log was refused as damaged. */
  refused: number;
  /** It came back whole, and went on working. */
  harmless: number;
  /** Zeros behind the end are others now, or gone: as it must, it came back whole. */
  behind: number;
  /** Nothing was changed, or the file is whole as it was before. */
  unchanged: number;
}

/** Files that no start reads: what is damaged there is found when it is read, or is of no consequence. */
export type FileKind = 'needed' | 'for readers only' | 'reserve' | 'position';

/**
 * Damages a log's files at random places, one at a time, and restarts on each: it must be refused, or come back whole and
 * go on working. @returns what happened, by file and kind of damage.
 */
export async function damageAtRandom(
  count: number,
  random: () => number,
): Promise<{ file: FileKind; kind: string; result: DamageResult }[]> {
  const original = await makeLog();
  const files = original.versions.at(-1)!;
  const snapshot = [...files.keys()].find((name) => name.endsWith('.snapshot'))!;
  const kindOf = (name: string): FileKind => {
    if (name === 'reserve' || name === 'position') return name;
    return name.endsWith('.log') && name <= snapshot.replace('.snapshot', '.log') ? 'for readers only' : 'needed';
  };
  const newest = [...files.keys()].filter((name) => name.endsWith('.log')).at(-1)!;
  expect(files.get(newest)!.length).toBeGreaterThan(original.end);
  expect(new Set([...files.keys()].map(kindOf)).size).toBe(4);
  expect([...files.keys()].filter((name) => name.endsWith('.log') && kindOf(name) === 'needed')).toHaveLength(2);
  const results = [];
  for (const [kind, damage] of Object.entries(damages))
    for (const file of ['needed', 'for readers only', 'reserve', 'position'] as const) {
      const result: DamageResult = { refused: 0, harmless: 0, behind: 0, unchanged: 0 };
      const names = [...files.keys()].filter((name) => kindOf(name) === file);
      for (let i = 0; i < count; i++) {
        const victim = names[i % names.length]!;
        const older = original.versions.slice(0, -1).flatMap((version) => version.get(victim) ?? []);
        const [damaged, how] = damage(Buffer.from(files.get(victim)!), older, random);
        // A file of one sector that was not written is the whole file of before: a manifest that names an older segment, beside
        // the newer one, which says more. Nothing is lost by it, and nothing is there to see.
        if ([files.get(victim)!, ...older].some((whole) => damaged.equals(whole))) {
          result.unchanged++;
          continue;
        }
        const copy = mkdtempSync(join(original.directory, 'copy-'));
        for (const [name, data] of files) writeFileSync(join(copy, name), name === victim ? damaged : data);
        const came = await survives(copy, original.records, `${victim}: ${how}`);
        const was = files.get(victim)!;
        const isBehind = victim === newest && damaged.subarray(0, original.end).equals(was.subarray(0, original.end));
        if (isBehind) expect(came, `${victim}: ${how}`).toBe(true);
        if (isBehind) result.behind++;
        else if (came) result.harmless++;
        else result.refused++;
        rmSync(copy, { recursive: true });
      }
      results.push({ file, kind, result });
    }
  return results;
}

/** Tells of the first difference only: the records are long. */
function mustEqual(found: readonly string[], expected: readonly string[], what: string): void {
  const at = expected.findIndex((text, i) => found[i] !== text);
  expect([found.length, found[at]?.slice(0, 10)], what).toEqual([expected.length, expected[at]?.slice(0, 10)]);
}

async function survives(directory: string, expected: readonly string[], what: string): Promise<boolean> {
  const open = () => {
    const log = openLog(directory, { minimumLogBytes: 1000 });
    const folds = [new ListFold(30_000), new ListFold()] as const;
    log.attach('list', folds[0]);
    log.attach('other', folds[1]);
    return { log, list: folds[0], other: folds[1] };
  };
  const { log, list, other } = open();
  try {
    await log.load();
  } catch (error) {
    await log.close();
    expect(error, what).toBeInstanceOf(StorageError);
    expect((error as StorageError).code, what).toBe('ERR_STORAGE_DAMAGED');
    return false;
  }
  mustEqual(list.records, expected, what);
  mustEqual(
    other.records,
    expected.filter((text) => Number(text[0]) % 2 === 0),
    what,
  );
  for (let i = 0; i < 10; i++) await log.topic('list').append(bytes(`after ${i}`.padEnd(3000)));
  await log.close();

  const again = open();
  await again.log.load();
  mustEqual(again.list.records.slice(0, expected.length), expected, what);
  expect(again.list.records, what).toHaveLength(expected.length + 10);
  await again.log.close();
  return true;
}
