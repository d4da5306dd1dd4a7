import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { type Disk, systemDisk } from '../../../src/log/embedded/disk.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { bytes, DigestFold } from '../folds.ts';
import { diskThatWrites, noSpace, openLog, silent, temporaryDirectory } from './testing.ts';

/** Takes so many bytes for a directory's files and no more, where a small file system cannot be mounted. */
function boundedDisk(directory: string, bound: number): Disk {
  const used = () => readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  return diskThatWrites(async ({ file, path, data, position }) => {
    const more = Math.max(0, position + data.length - statSync(path).size);
    if (more > 0 && used() + more > bound) throw noSpace();
    await file.write(data, position);
  });
}

/** With what it takes, appends go on for ever on a disk that the log alone would fill many times over. */
async function outlives(directory: string, disk: Disk): Promise<void> {
  const health = new Health();
  const log = openLog(directory, {
    disk,
    health,
    retryInterval: 5,
    // Time flies: room is made at most every ten seconds.
    clock: { now: () => 1, monotonic: () => performance.now() * 1000 },
  });
  const fold = new DigestFold();
  log.attach('list', fold);
  await log.load();
  const list = log.topic('list');
  let written = 0;
  let refusals = 0;
  while (written < 40_000_000) {
    const record = bytes(`${written}`.padEnd(50_000, '.'));
    try {
      await list.append(record);
      written += record.length;
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
      refusals++;
      await vi.waitFor(() => expect(health.reasons).toEqual([]), { timeout: 5000 });
    }
  }
  expect(refusals).toBeGreaterThan(1);
  const { state } = fold;
  await log.close();
  const again = openLog(directory);
  const restored = new DigestFold();
  again.attach('list', restored);
  await again.load();
  expect(restored.state).toEqual(state);
}

test('a log that filled a small disk finds its way out by itself, again and again', async () => {
  const directory = temporaryDirectory();
  await outlives(directory, boundedDisk(directory, 12_000_000));
});

test('the same on a real file system of 12 MiB, where mounting is allowed', async () => {
  const tmpfs = mountTmpfs('12m');
  if (!tmpfs) return;
  onTestFinished(() => tmpfs.unmount());
  await outlives(join(tmpfs.path, 'state'), systemDisk);
});

/** A disk that is full while it is said to be. */
function fillable() {
  const state = { isFull: false };
  const disk = diskThatWrites(({ file, data, position }) =>
    state.isFull ? Promise.reject(noSpace()) : file.write(data, position),
  );
  return { disk, state };
}

test('one that others filled is said, with what to do, and nothing is lost', async () => {
  const directory = temporaryDirectory();
  const { disk, state } = fillable();
  const health = new Health();
  const log = openLog(directory, { disk, health, retryInterval: 5 });
  log.attach('list', new DigestFold());
  await log.load();
  await log.topic('list').append(bytes('kept'));
  state.isFull = true;
  await expect(log.topic('list').append(bytes('x'))).rejects.toThrow(
    /^cannot write .*0000000000000001\.log: ENOSPC: no space left on device, write; \d+ KiB are free on its file system\. Make room if it is full; otherwise see to the disk\. The bridge goes on by itself\.$/,
  );
  expect(health.reasons).toHaveLength(1);
  state.isFull = false;
  await vi.waitFor(() => expect(health.reasons).toEqual([]));
  await log.topic('list').append(bytes('more'));
});

test('while it is full, room is asked for again at each attempt: what kept the log may have gone since', async () => {
  const { disk, state } = fillable();
  const options = { directory: temporaryDirectory(), clock: systemClock, health: new Health(), logger: silent };
  const engine = new EmbeddedEngine({ ...options, disk, retryInterval: 1 });
  onTestFinished(() => engine.close());
  await engine.open();
  let asked = 0;
  await engine.follow(1, { deliver: () => {}, full: () => void asked++ });
  state.isFull = true;
  await expect(engine.append('list', bytes('x'))).rejects.toThrow('ENOSPC');
  await vi.waitFor(() => expect(asked).toBeGreaterThan(3));
  state.isFull = false;
  await vi.waitFor(() => engine.append('list', bytes('y')));
});

test('where there is no room for a new segment the log goes on in the one it has, and leaves none behind', async () => {
  const { disk, state } = fillable();
  const directory = temporaryDirectory();
  const options = { directory, clock: systemClock, health: new Health(), logger: silent };
  const engine = new EmbeddedEngine({ ...options, disk });
  onTestFinished(() => engine.close());
  await engine.open();
  await engine.follow(1, { deliver: () => {} });
  await engine.append('list', bytes('a'));
  state.isFull = true;
  await expect(engine.seal()).rejects.toThrow('ENOSPC');
  state.isFull = false;
  await engine.append('list', bytes('b'));
  expect(engine.extents).toMatchObject([{ first: 1, last: 2 }]);
  expect(readdirSync(directory).filter((name) => name.includes('.log'))).toEqual(['0000000000000001.log']);
});

test('the reserve stands beside the log and shrinks with the state', async () => {
  const directory = temporaryDirectory();
  const sizes: number[] = [];
  for (const size of [3_000_000, 10]) {
    const log = openLog(directory);
    log.attach('list', { apply: () => {}, restore: () => {}, snapshot: () => piecesOf(size) });
    await log.load();
    await log.topic('list').append(bytes('x'));
    await log.close();
    sizes.push(statSync(join(directory, 'reserve')).size);
  }
  expect(sizes[0]).toBeGreaterThan(3_000_000);
  expect(sizes[1]).toBeLessThan(1_000_000);
  writeFileSync(join(directory, 'reserve'), 'whatever lies there');
  await openLog(directory).load();
});

function* piecesOf(size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; left -= 500_000) yield Buffer.alloc(Math.min(left, 500_000));
}
