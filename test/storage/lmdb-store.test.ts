import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bytes, ListFold, openStore, temporaryDirectory } from './testing.ts';

test('what was appended is there after a restart, in order', async () => {
  const directory = temporaryDirectory();
  const first = new ListFold();
  const store = openStore(directory);
  const journal = store.attach('list', first);
  await store.load();
  await journal.append([bytes('a'), bytes('b')]);
  await journal.append([bytes(''), bytes('c'.repeat(40_000))]);
  expect(first.records).toEqual(['a', 'b', '', 'c'.repeat(40_000)]);
  await store.close();

  const second = new ListFold();
  const restarted = openStore(directory);
  restarted.attach('list', second);
  await restarted.load();
  expect(second.records).toEqual(first.records);
});

test('concurrent appends are applied in the order of their calls, those of one append together', async () => {
  const store = openStore(temporaryDirectory());
  const fold = new ListFold();
  const journal = store.attach('list', fold);
  await store.load();
  const expected = Array.from({ length: 100 }, (_, i) => [`${i}a`, `${i}b`]);
  await Promise.all(expected.map((records) => journal.append(records.map(bytes))));
  expect(fold.records).toEqual(expected.flat());
});

test('folds keep their own records', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  const one = store.attach('one', new ListFold());
  const two = store.attach('two', new ListFold());
  await store.load();
  await one.append([bytes('1')]);
  await two.append([bytes('2')]);
  await one.append([bytes('3')]);
  await store.close();

  const restarted = openStore(directory);
  const [again, other, fresh] = [new ListFold(), new ListFold(), new ListFold()];
  restarted.attach('new', fresh);
  restarted.attach('two', other);
  restarted.attach('one', again);
  await restarted.load();
  expect([again.records, other.records, fresh.records]).toEqual([['1', '3'], ['2'], []]);
});

test('an identity is given once and kept', async () => {
  const directory = temporaryDirectory();
  const store = openStore(directory);
  expect(() => store.identity).toThrow('not open');
  await store.load();
  const { instanceId, createdAt } = store.identity;
  expect(instanceId).toMatch(/^[0-9a-f-]{36}$/);
  expect(createdAt).toBe(1_700_000_000_000);
  await store.close();

  const restarted = openStore(directory, { clock: { now: () => 5, monotonic: () => 5 } });
  await restarted.load();
  expect(restarted.identity).toMatchObject({ instanceId, createdAt });
});

test('an append before load and after close is refused and not applied', async () => {
  const store = openStore(temporaryDirectory());
  const fold = new ListFold();
  const journal = store.attach('list', fold);
  await expect(journal.append([bytes('early')])).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await store.load();
  const last = journal.append([bytes('last')]);
  const closing = store.close();
  await expect(journal.append([bytes('late')])).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  await Promise.all([last, closing, store.close()]);
  expect(fold.records).toEqual(['last']);
});

test('a name is attached once, and before load', async () => {
  const store = openStore(temporaryDirectory());
  store.attach('list', new ListFold());
  expect(() => store.attach('list', new ListFold())).toThrow('twice');
  await store.load();
  expect(() => store.attach('late', new ListFold())).toThrow('after');
});

test('the directory and everything in it are for the owner alone', async () => {
  const directory = join(temporaryDirectory(), 'deep', 'state');
  const store = openStore(directory);
  await store.load();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  for (const name of [
    'segment-000001.mdb',
    'segment-000001.mdb-lock',
    'exclusive.mdb',
    'exclusive.mdb-lock',
    'couic-otel-bridge.store',
  ])
    expect([name, statSync(join(directory, name)).mode & 0o077]).toEqual([name, 0]);
});
