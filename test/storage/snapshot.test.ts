import { expect, test } from 'vitest';
import type { FaultPoint } from '../../src/storage/faults.ts';
import type { LmdbStore } from '../../src/storage/lmdb-store.ts';
import type { Journal } from '../../src/storage/store.ts';
import { bytes, CountingFold, ListFold, openStore, temporaryDirectory } from './testing.ts';

const text = (i: number) => `${i}:`.padEnd(100, 'x');

async function fill(journal: Journal, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) await journal.append([bytes(text(i))]);
}

const expected = (to: number) => Array.from({ length: to }, (_, i) => text(i));

/** Restarts the store with what it was given, and gives back the fold. */
async function reload(directory: string, ...names: string[]): Promise<ListFold[]> {
  const store = openStore(directory);
  const folds = names.map(() => new ListFold());
  for (const [i, name] of names.entries()) store.attach(name, folds[i]!);
  await store.load();
  await store.close();
  return folds;
}

test('after a clean stop the fold comes back from its snapshot alone', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const journal = store.attach('list', new ListFold());
  await store.load();
  await fill(journal, 0, 50);
  await store.close();

  const restarted = openStore(directory);
  const fold = new CountingFold();
  restarted.attach('list', fold);
  await restarted.load();
  expect(fold.records).toEqual(expected(50));
  expect(fold.applied).toBe(0);
});

test('the log is cut while appends go on, and both together give the whole', async () => {
  const directory = temporaryDirectory();
  const points: FaultPoint[] = [];
  const store = openStore(directory, { minimumLogBytes: 2000, faults: (point) => points.push(point) });
  const fold = new ListFold(200);
  const journal = store.attach('list', fold);
  await store.load();
  await fill(journal, 0, 300);
  expect(points.filter((point) => point === 'after-flip').length).toBeGreaterThan(1);
  // Appends were committed between the pieces of a snapshot.
  const between = points.slice(points.indexOf('snapshot-piece'), points.lastIndexOf('before-flip'));
  expect(between).toContain('after-apply');
  expect(fold.records).toEqual(expected(300));
  await store.close();
  expect((await reload(directory, 'list'))[0]!.records).toEqual(expected(300));
});

test('the state of a name that nobody attached is carried over every snapshot', async () => {
  const directory = temporaryDirectory();
  const open = async (names: string[]): Promise<[LmdbStore, Journal[]]> => {
    const store = openStore(directory, { minimumLogBytes: 1000 });
    const journals = names.map((name) => store.attach(name, new ListFold()));
    await store.load();
    return [store, journals];
  };
  let [store, [away, home]] = await open(['away', 'home']);
  await fill(away!, 0, 3);
  await fill(home!, 0, 3);
  await store.close();

  // Two runs without `away`, each with snapshots in it and at its end; in the second it has left-over records too.
  for (const run of [1, 2]) {
    [store, [home]] = await open(['home']);
    await fill(home!, run * 30, run * 30 + 30);
    await store.close();
  }
  const [back, other] = await reload(directory, 'away', 'home');
  expect(back!.records).toEqual(expected(3));
  expect(other!.records).toHaveLength(63);
});

test('records of a name that is not attached any more are carried over when the log is cut', async () => {
  const directory = temporaryDirectory();
  const deadline = AbortSignal.abort();
  // Both have a snapshot, then records that none contains, as after a kill.
  let store = openStore(directory);
  let journals = [store.attach('away', new ListFold()), store.attach('home', new ListFold())];
  await store.load();
  await fill(journals[0]!, 0, 2);
  await store.close();
  for (const from of [2, 4]) {
    store = openStore(directory);
    journals = [store.attach('away', new ListFold()), store.attach('home', new ListFold())];
    await store.load();
    await fill(journals[0]!, from, from + 2);
    await fill(journals[1]!, from, from + 2);
    await store.close(deadline);

    store = openStore(directory);
    store.attach('home', new ListFold());
    await store.load();
    await store.close();
  }
  const [away] = await reload(directory, 'away');
  expect(away!.records).toEqual(expected(6));
});

test('a snapshot that fails is given up, and the next one succeeds', async () => {
  const directory = temporaryDirectory();
  let failures = 3;
  const store = openStore(directory, {
    minimumLogBytes: 1000,
    faults: (point) => {
      if (point === 'snapshot-piece' && failures-- > 0) throw new Error('given up');
    },
  });
  const fold = new CountingFold(100);
  const journal = store.attach('list', fold);
  await store.load();
  await fill(journal, 0, 200);
  await store.close();
  expect(fold.returned).toBeGreaterThan(0);
  expect((await reload(directory, 'list'))[0]!.records).toEqual(expected(200));
});

test('a stop whose deadline is over leaves the log as it is', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const journal = store.attach('list', new ListFold());
  await store.load();
  await fill(journal, 0, 10);
  await store.close(AbortSignal.abort());

  const fold = new CountingFold();
  const restarted = openStore(directory);
  restarted.attach('list', fold);
  await restarted.load();
  expect(fold.applied).toBe(10);
});
