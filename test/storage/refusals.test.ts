import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { Environment } from '../../src/storage/environment.ts';
import { MANIFEST_KEY } from '../../src/storage/layout.ts';
import { encodeManifest } from '../../src/storage/manifest.ts';
import { mountTmpfs } from '../support/tmpfs.ts';
import { bytes, ListFold, openStore, temporaryDirectory } from './testing.ts';

let directory: string;
/** The segment that `makeStore` leaves. */
const dataFile = () => join(directory, 'segment-000002.mdb');

/** A store with a snapshot and with records after it. */
async function makeStore(): Promise<void> {
  for (const close of [undefined, AbortSignal.abort()]) {
    const store = openStore(directory);
    const journal = store.attach('list', new ListFold());
    await store.load();
    for (let i = 0; i < 40; i++) await journal.append([bytes('r'.repeat(i * 200))]);
    await store.close(close);
  }
}

/** Loading is refused, and what is on disk stays as it is. @returns the refusal. */
async function refusal(): Promise<{ code: string; message: string }> {
  const before = readdirSync(directory).filter((name) => !name.startsWith('exclusive.mdb'));
  const store = openStore(directory);
  store.attach('list', new ListFold());
  const error = await store.load().then(
    () => undefined,
    (error) => error,
  );
  expect(error).toBeDefined();
  expect(readdirSync(directory).filter((name) => !name.startsWith('exclusive.mdb'))).toEqual(before);
  return { code: error.code, message: error.message.replaceAll(directory, 'DIR') };
}

beforeEach(() => {
  directory = join(temporaryDirectory(), 'state');
});

const RESTORE =
  'Restore the directory from a backup, or move it away to start anew: totals, active rules and windows not yet sent are then lost.';

test('a data file that is gone', async () => {
  await makeStore();
  rmSync(dataFile());
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_DAMAGED',
    message: `DIR is damaged: a store was kept here, and its segments are missing or empty. ${RESTORE}`,
  });
});

test('a data file that is cut short', async () => {
  await makeStore();
  truncateSync(dataFile(), 20_000);
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringMatching(
      /^DIR\/segment-000002.mdb is damaged: it is cut short: it has 20000 bytes, and page \d+ lies behind the end of the file\. Restore/,
    ),
  });
  truncateSync(dataFile(), 0);
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringContaining('segments are missing or empty'),
  });
});

test('a data file of zeros, as some file systems leave after a crash', async () => {
  await makeStore();
  writeFileSync(dataFile(), Buffer.alloc(statSync(dataFile()).size));
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringContaining('it is not an LMDB file'),
  });
});

test('a value that was changed on disk', async () => {
  await makeStore();
  const data = readFileSync(dataFile());
  const at = data.indexOf('r'.repeat(7000));
  data[at + 5000]! ^= 0x10;
  writeFileSync(dataFile(), data);
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringMatching(
      /^DIR\/segment-000002.mdb is damaged: the checksum of record \d+ does not match\. Restore/,
    ),
  });
});

test('a header page with a wrong transaction, which would make LMDB go on from the one before', async () => {
  await makeStore();
  for (const offset of [-2, -1, 1, 2, 1024]) {
    const data = readFileSync(dataFile());
    const original = Buffer.from(data);
    const [even, odd] = [data.readUInt32LE(152), data.readUInt32LE(4096 + 152)];
    data.writeUInt32LE(Math.max(even, odd) + offset, even > odd ? 152 : 4096 + 152);
    writeFileSync(dataFile(), data);
    expect(await refusal()).toMatchObject({
      code: 'ERR_STORAGE_DAMAGED',
      message: expect.stringMatching(/its header pages are of transactions|a header page says transaction/),
    });
    writeFileSync(dataFile(), original);
  }
});

test('a record that is missing', async () => {
  await makeStore();
  const environment = new Environment(dataFile());
  const key = [...environment.keys({ from: Buffer.of(4), to: Buffer.of(5) })][10]!;
  await environment.commit({ remove: [key] });
  await environment.close();
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringMatching(/: record 51 is missing\. Restore/),
  });
});

test('a store of a newer version', async () => {
  await makeStore();
  const environment = new Environment(dataFile());
  const newer = { schema: 2, instanceId: '', createdAt: 0, start: 0, isComplete: true, next: null, folds: [] };
  await environment.commit({ put: [{ key: MANIFEST_KEY, value: encodeManifest(newer) }] });
  await environment.close();
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_NEWER',
    message:
      'DIR/segment-000002.mdb was written by a newer version of the bridge (schema 2; this version reads up to 1). Run the newer version again, or restore a backup from before the upgrade.',
  });
});

test('a directory of somebody else, which stays untouched', async () => {
  mkdirSync(directory, { mode: 0o755 });
  for (const name of ['a.txt', 'b.txt', 'c.txt', 'd.txt']) writeFileSync(join(directory, name), '');
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_FOREIGN',
    message:
      'DIR is not empty and holds no store of the bridge, but a.txt, b.txt, c.txt, …. Give the bridge an empty directory, or one that does not exist yet (extensions::file_storage::directory).',
  });
  expect(readdirSync(directory)).toEqual(['a.txt', 'b.txt', 'c.txt', 'd.txt']);
  expect(statSync(directory).mode & 0o777).toBe(0o755);
});

test('a database of somebody else', async () => {
  mkdirSync(directory);
  const other = open({ path: dataFile(), noSubdir: true, overlappingSync: false });
  await other.put('theirs', 1);
  await other.close();
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining(
      'DIR/segment-000002.mdb holds the data of another program. Give the bridge an empty directory',
    ),
  });
  writeFileSync(dataFile(), 'not LMDB at all'.repeat(1000));
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining(
      'DIR/segment-000002.mdb is no store of the bridge, or a damaged one: it is not an LMDB file',
    ),
  });
});

test('a file in place of the directory', async () => {
  writeFileSync(directory, '');
  await expect(openStore(directory).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining('is not a directory'),
  });
});

test('a directory that cannot be written', async () => {
  const tmpfs = mountTmpfs('8m');
  if (tmpfs) {
    onTestFinished(() => tmpfs.unmount());
    directory = join(tmpfs.path, 'state');
    await makeStore();
    tmpfs.remountReadOnly();
    expect(await refusal()).toMatchObject({
      code: 'ERR_STORAGE_READ_ONLY',
      message: expect.stringContaining('DIR is on a read-only file system'),
    });
  } else if (process.getuid?.() !== 0) {
    mkdirSync(directory, { mode: 0o500 });
    onTestFinished(() => chmodSync(directory, 0o700));
    expect(await refusal()).toMatchObject({
      code: 'ERR_STORAGE_READ_ONLY',
      message: expect.stringContaining(`cannot be written by user ${process.getuid?.()}`),
    });
  }
});

test('rights of other users to the directory are taken away, with a warning', async () => {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const lines: { msg: string }[] = [];
  const store = openStore(directory, {
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  await store.load();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(lines.map(({ msg }) => msg)).toEqual([
    `${directory} was open to other users (mode 0755); it is now for its owner alone`,
  ]);
});

test('a first start that was interrupted is begun again', async () => {
  mkdirSync(directory);
  writeFileSync(dataFile(), '');
  writeFileSync(`${dataFile()}-lock`, '');
  const store = openStore(directory);
  await store.load();
  const { instanceId } = store.identity;
  await store.close();
  // The next step: the store is there, but was not marked yet.
  rmSync(join(directory, 'couic-otel-bridge.store'));
  const again = openStore(directory);
  await again.load();
  expect(again.identity.instanceId).toBe(instanceId);
  expect(readdirSync(directory)).toContain('couic-otel-bridge.store');
});

test('a copy of the directory is a store', async () => {
  await makeStore();
  const copy = join(directory, '..', 'copy');
  mkdirSync(copy);
  for (const name of ['segment-000002.mdb', 'couic-otel-bridge.store'])
    copyFileSync(join(directory, name), join(copy, name));
  const fold = new ListFold();
  const store = openStore(copy);
  store.attach('list', fold);
  await store.load();
  expect(fold.records).toHaveLength(80);
});
