import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { encodeManifest } from '../../../src/log/embedded/manifest.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { bytes, ListFold } from '../folds.ts';
import { openLog, temporaryDirectory } from './testing.ts';

let directory: string;
/** What `makeLog` leaves: a snapshot, an old segment that a reader needs, and the newest with 40 records. */
const newest = () => join(directory, '0000000000000042.log');
const older = () => join(directory, '0000000000000001.log');
const snapshot = () => join(directory, '0000000000000041.snapshot');

async function makeLog(): Promise<void> {
  for (const close of [undefined, AbortSignal.abort()]) {
    const log = openLog(directory);
    log.attach('list', new ListFold());
    log.reader('slow');
    await log.load();
    for (let i = 0; i < 40; i++) await log.topic('list').append(bytes('r'.repeat(i * 200)));
    await log.close(close);
  }
}

/** Loading is refused, and what is on disk stays as it is. @returns the refusal. */
async function refusal(): Promise<{ code: string; message: string }> {
  const content = () =>
    readdirSync(directory)
      .filter((name) => name !== 'lock')
      .map((name) => [name, readFileSync(join(directory, name), 'latin1')]);
  const before = content();
  const log = openLog(directory);
  log.attach('list', new ListFold());
  const error = await log.load().then(
    () => undefined,
    (error) => error,
  );
  expect(error).toBeDefined();
  await log.close();
  expect(content()).toEqual(before);
  return { code: error.code, message: error.message.replaceAll(directory, 'DIR') };
}

beforeEach(() => {
  directory = join(temporaryDirectory(), 'state');
});

const RESTORE =
  'Restore the directory from a backup, or move it away to start anew: totals, active rules and what was not sent yet are then lost.';

test('a manifest that is gone', async () => {
  await makeLog();
  rmSync(join(directory, 'manifest.json'));
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_DAMAGED',
    message: `DIR/manifest.json is damaged: it is missing, though a log was kept here. ${RESTORE}`,
  });
  rmSync(older());
  expect(await refusal()).toMatchObject({ message: expect.stringContaining('it is missing, though a log was kept') });
});

test('the newest segment gone', async () => {
  await makeLog();
  rmSync(newest());
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_DAMAGED',
    message: `DIR/0000000000000042.log is damaged: it is missing, though the log went on there. ${RESTORE}`,
  });
});

test('the snapshot gone, and what came before it', async () => {
  await makeLog();
  rmSync(snapshot());
  rmSync(older());
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_DAMAGED',
    message: `DIR is damaged: the snapshot before record 42 is missing. ${RESTORE}`,
  });
});

test('a segment that is cut short: what was lost was acknowledged', async () => {
  await makeLog();
  const { size } = statSync(newest());
  for (const cut of [size - 1, size - 5000, 20_000]) {
    truncateSync(newest(), cut);
    const { code, message } = await refusal();
    expect(code).toBe('ERR_STORAGE_DAMAGED');
    expect(message).toMatch(
      /^DIR\/0000000000000042.log is damaged: (the checksum of record \d+ does not match|it is cut short: it has \d+ bytes and ends with record \d+, and record 81 was written)\. Restore/,
    );
  }
  truncateSync(newest(), 0);
  expect(await refusal()).toMatchObject({ message: expect.stringContaining('it is cut short: it has 0 bytes') });
});

test('a segment of zeros, as some file systems leave after a crash', async () => {
  await makeLog();
  writeFileSync(newest(), Buffer.alloc(statSync(newest()).size));
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringContaining('it does not begin as a segment of the log does'),
  });
});

test('a record that was changed on disk', async () => {
  await makeLog();
  const data = readFileSync(newest());
  const at = data.indexOf('r'.repeat(7000));
  data[at + 5000]! ^= 0x10;
  writeFileSync(newest(), data);
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringMatching(
      /^DIR\/0000000000000042.log is damaged: the checksum of record \d+ does not match\. Restore/,
    ),
  });
});

test('the same without the mark that says how far the log had come: whole commits follow', async () => {
  await makeLog();
  rmSync(join(directory, 'position'));
  const data = readFileSync(newest());
  // A length, so that the frame seems to reach beyond the end.
  data[64 + 4 + 2]! ^= 0x70;
  writeFileSync(newest(), data);
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringContaining('the checksum of record 42 does not match'),
  });
});

test('a record that is missing', async () => {
  await makeLog();
  const data = readFileSync(newest());
  const second = data.indexOf('COL0', 64 + 4);
  const third = data.indexOf('COL0', second + 4);
  writeFileSync(newest(), Buffer.concat([data.subarray(0, second), data.subarray(third)]));
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_DAMAGED',
    message: expect.stringMatching(/: record 43 is missing\. Restore/),
  });
});

test('a snapshot that was changed, or cut', async () => {
  await makeLog();
  const data = readFileSync(snapshot());
  const changed = Buffer.from(data);
  changed[data.length - 100]! ^= 1;
  for (const [content, what] of [
    [changed, /the checksum of piece \d+ of the snapshot does not match/],
    [data.subarray(0, data.length - 10), /it is cut short: it has \d+ bytes/],
    [Buffer.concat([data, data]), /it has \d+ bytes where \d+ were written/],
    [Buffer.alloc(data.length), /it does not begin as a snapshot of this log at this position does/],
  ] as const) {
    writeFileSync(snapshot(), content);
    const { code, message } = await refusal();
    expect(code).toBe('ERR_STORAGE_DAMAGED');
    expect(message).toMatch(what);
  }
});

test('a segment of another log, and one under the name of another', async () => {
  await makeLog();
  copyFileSync(older(), newest());
  expect(await refusal()).toMatchObject({ message: expect.stringContaining('it has the name of another segment') });
  const other = join(directory, '..', 'other');
  const log = openLog(other);
  await log.load();
  await log.close();
  copyFileSync(join(other, '0000000000000001.log'), newest());
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining('0000000000000042.log is a segment of another log'),
  });
});

test('a log of a newer version', async () => {
  await makeLog();
  const newer = { logId: '', instanceId: '', createdAt: 0, newest: 1 };
  writeFileSync(join(directory, 'manifest.json'), encodeManifest(newer, 5));
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_NEWER',
    message:
      'DIR/manifest.json was written by a newer version of the bridge (format 5; this version reads up to 4). Run the newer version again, or restore a backup from before the upgrade.',
  });
});

test('a log of an earlier version', async () => {
  await makeLog();
  const older = { logId: '', instanceId: '', createdAt: 0, newest: 1 };
  writeFileSync(join(directory, 'manifest.json'), encodeManifest(older, 1));
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_OLDER',
    message:
      'DIR/manifest.json was written by an earlier version of the bridge (format 1), which this version cannot read. Run that version again, or move the directory away to start anew; totals, active rules and what was not sent yet are then lost.',
  });
});

test('a state of an earlier version, which lay in LMDB: named, and said what to do', async () => {
  mkdirSync(directory);
  for (const name of ['segment-000002.mdb', 'couic-otel-bridge.store', 'exclusive.mdb', 'segment-000002.mdb-lock'])
    writeFileSync(join(directory, name), 'x');
  expect(await refusal()).toEqual({
    code: 'ERR_STORAGE_OLDER',
    message:
      'DIR holds the state of an earlier version of the bridge, which kept it in LMDB (couic-otel-bridge.store). This version cannot read it: run the earlier version again, or move the directory away to start anew; totals, active rules and what was not sent yet are then lost.',
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

test('a manifest of somebody else', async () => {
  mkdirSync(directory);
  writeFileSync(join(directory, 'manifest.json'), '{"name":"an app","icons":[]}');
  expect(await refusal()).toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining('DIR/manifest.json is not of a log of the bridge. Give the bridge an empty'),
  });
});

test('a file in place of the directory', async () => {
  writeFileSync(directory, '');
  await expect(openLog(directory).load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_FOREIGN',
    message: expect.stringContaining('is not a directory'),
  });
});

test('a directory that cannot be written', async () => {
  const tmpfs = mountTmpfs('8m');
  if (tmpfs) {
    onTestFinished(() => tmpfs.unmount());
    directory = join(tmpfs.path, 'state');
    await makeLog();
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
  const log = openLog(directory, {
    logger: pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) }),
  });
  await log.load();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(lines.map(({ msg }) => msg)).toEqual([
    `${directory} was open to other users (mode 0755); it is now for its owner alone`,
  ]);
});

test('a first start that was interrupted is begun again', async () => {
  const whole = openLog(directory);
  await whole.load();
  await whole.close();
  // The manifest comes last, and before it each file under a name that says that it is not whole.
  rmSync(join(directory, 'manifest.json'));
  writeFileSync(join(directory, 'manifest.json.new'), '{"for');
  writeFileSync(`${older()}.new`, '');
  const log = openLog(directory);
  await log.load();
  expect(readdirSync(directory).filter((name) => name.endsWith('.new'))).toEqual([]);
  expect(readdirSync(directory)).toContain('manifest.json');
});

test('a copy of the directory is a log', async () => {
  await makeLog();
  const copy = join(directory, '..', 'copy');
  cpSync(directory, copy, { recursive: true });
  const fold = new ListFold();
  const log = openLog(copy);
  log.attach('list', fold);
  await log.load();
  expect(fold.records).toHaveLength(80);
});

test('the directory and everything in it are for the owner alone', async () => {
  await makeLog();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(directory))
    expect([name, statSync(join(directory, name)).mode & 0o077]).toEqual([name, 0]);
});
