import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type Disk, systemDisk } from '../../../src/log/embedded/disk.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { bytes, ListFold } from '../folds.ts';
import { diskThatWrites, noSpace, openLog, silent, temporaryDirectory } from './testing.ts';

const engineOn = (directory: string) =>
  new EmbeddedEngine({ directory, clock: systemClock, health: new Health(), logger: silent });

async function* state() {
  yield { kind: 0, bytes: bytes('state') };
}

test('what a process left unfinished is gone after the next start: it may hold what was erased since', async () => {
  const directory = temporaryDirectory();
  const left = ['manifest.json.new', 'note.new', '0000000000000001.log.new'];
  for (const name of left) writeFileSync(join(directory, name), 'left');
  await openLog(directory).load();
  expect(left.filter((name) => existsSync(join(directory, name)))).toEqual([]);
});

test('segments go one after the other on disk as well: a power cut between two leaves no hole', async () => {
  const directory = temporaryDirectory();
  const done: string[] = [];
  const disk: Disk = {
    ...systemDisk,
    async remove(path) {
      done.push(`remove ${basename(path)}`);
      await systemDisk.remove(path);
    },
    async syncDirectory(path) {
      done.push('sync');
      await systemDisk.syncDirectory(path);
    },
  };
  const engine = new EmbeddedEngine({ directory, clock: systemClock, health: new Health(), logger: silent, disk });
  onTestFinished(() => engine.close());
  await engine.open();
  await engine.follow(1, { deliver: () => {} });
  for (const text of ['a', 'b', 'c']) {
    await engine.append('list', bytes(text));
    await engine.seal();
  }
  await engine.saveSnapshot(3, state());
  done.length = 0;
  await engine.cut(2);
  expect(done.slice(0, 4)).toEqual(['remove 0000000000000001.log', 'sync', 'remove 0000000000000002.log', 'sync']);
});

test('so are older snapshots than the newest', async () => {
  const directory = temporaryDirectory();
  const first = engineOn(directory);
  await first.open();
  await first.follow(1, { deliver: () => {} });
  for (const text of ['a', 'b']) await first.append('list', bytes(text));
  await first.saveSnapshot(2, state());
  await first.close();
  writeFileSync(join(directory, '0000000000000001.snapshot'), 'of a process that was killed between two steps');
  const second = engineOn(directory);
  await second.open();
  await second.follow(3, { deliver: () => {} });
  await second.close();
  expect(readdirSync(directory).filter((name) => name.endsWith('.snapshot'))).toEqual(['0000000000000002.snapshot']);
});

test('a segment that was cut short or changed since the start is not overwritten, and what is wrong is said', async () => {
  for (const [length, what] of [
    [100, 'record 1 is missing'],
    [0, 'record 1 is missing'],
  ] as const) {
    const directory = temporaryDirectory();
    const engine = engineOn(directory);
    await engine.open();
    await engine.follow(1, { deliver: () => {} });
    for (const text of ['a', 'b']) await engine.append('list', bytes(text));
    await engine.seal();
    await engine.saveSnapshot(2, state());
    truncateSync(join(directory, '0000000000000001.log'), length);
    await expect(engine.rewrite(() => true)).rejects.toMatchObject({ message: expect.stringContaining(what) });
    await expect(engine.read(1, new AbortController().signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      message: expect.stringContaining(what),
    });
    expect(existsSync(join(directory, '0000000000000001.log.new'))).toBe(false);
    await engine.close();
  }
});

test('one that is refused leaves no file open, and nothing is done before a start and after the end', async () => {
  const directory = temporaryDirectory();
  const closed = { code: 'ERR_STORAGE_CLOSED' };
  const engine = engineOn(directory);
  await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
  expect(() => engine.read(1, new AbortController().signal)).toThrow('not open');
  await engine.open();
  const descriptors = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);
  const before = descriptors();
  for (let n = 0; n < 5; n++)
    await expect(engineOn(directory).open()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  // Other tests of this process may have opened one or closed some.
  expect(descriptors()).toBeLessThan(before + 5);
  await engine.follow(1, { deliver: () => {} });
  await engine.close();
  await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
  await expect(engine.rewrite(() => true)).rejects.toMatchObject(closed);
  await expect(engine.setNote(bytes('x'))).rejects.toMatchObject(closed);
});

/** Takes no write of more than so many bytes, after a part of it. */
function boundedDisk() {
  const bound = { bytes: Number.POSITIVE_INFINITY, refused: 0 };
  const disk = diskThatWrites(async ({ file, data, position }) => {
    if (data.length <= bound.bytes) return file.write(data, position);
    bound.refused++;
    await file.write(data.subarray(0, 200), position);
    throw noSpace();
  });
  return { bound, disk };
}

test('appends are let in again only when as much can be written as had failed, and of that nothing is left at the end', async () => {
  const directory = temporaryDirectory();
  const { bound, disk } = boundedDisk();
  const health = new Health();
  const log = openLog(directory, { disk, health, retryInterval: 1 });
  log.attach('list', new ListFold());
  await log.load();
  const list = log.topic('list');
  await list.append(bytes('before'));
  bound.bytes = 1000;
  await expect(list.append(bytes('secret'.repeat(1000)))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
  await vi.waitFor(() => expect(bound.refused).toBeGreaterThan(5), { interval: 1 });
  expect(health.reasons.map(({ source }) => source)).toEqual(['storage']);
  await expect(list.append(bytes('small'))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
  bound.bytes = Number.POSITIVE_INFINITY;
  await vi.waitFor(() => expect(health.reasons).toEqual([]), { interval: 1 });
  await list.append(bytes('after'));
  bound.bytes = 1000;
  await expect(list.append(bytes('secret'.repeat(1000)))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
  await log.close(AbortSignal.abort());
  for (const name of readdirSync(directory)) expect(readFileSync(join(directory, name)).includes('secret')).toBe(false);
  const again = openLog(directory);
  const fold = new ListFold();
  again.attach('list', fold);
  await again.load();
  expect(fold.records).toEqual(['before', 'after']);
});

test('what came after the snapshot is not overwritten, though it lies in a segment of its own', async () => {
  const engine = engineOn(temporaryDirectory());
  await engine.open();
  await engine.follow(1, { deliver: () => {} });
  for (const text of ['a', 'b']) {
    await engine.append('list', bytes(text));
    await engine.seal();
  }
  await engine.append('list', bytes('c'));
  await engine.saveSnapshot(1, state());
  expect(await engine.rewrite(({ record }) => record.fill(0x2d).length > 0)).toBe(1);
  await engine.close();
});
