import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Health } from '../../../src/telemetry/health.ts';
import { mountTmpfs } from '../../support/tmpfs.ts';
import { bytes, ListFold } from '../folds.ts';
import { openLog, temporaryDirectory } from './testing.ts';

/** A disk that can be filled: a real one of 16 MiB where mounting is allowed, otherwise commits that are made to fail. */
function smallDisk() {
  const tmpfs = mountTmpfs('16m');
  console.log(
    tmpfs ? 'a real full disk: tmpfs of 16 MiB' : 'mounting is not allowed: commits are made to fail instead',
  );
  if (!tmpfs) {
    let isFull = false;
    return {
      directory: temporaryDirectory(),
      fill: () => {
        isFull = true;
      },
      free: () => {
        isFull = false;
      },
      faults: (point: string) => {
        if (point === 'before-commit' && isFull) throw new Error('ENOSPC: no space left on device');
      },
    };
  }
  onTestFinished(() => tmpfs.unmount());
  const filler = join(tmpfs.path, 'filler');
  return {
    directory: join(tmpfs.path, 'state'),
    fill: () => {
      for (let size = 1024 * 1024; size >= 4096; size /= 4)
        try {
          while (true) writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch {}
    },
    free: () => rmSync(filler),
    faults: () => {},
  };
}

test('a full disk: appends are refused and not applied, and go on by themselves when there is room', async () => {
  const disk = smallDisk();
  const { directory, faults } = disk;
  const health = new Health();
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  onTestFinished(() => void process.off('unhandledRejection', unhandled));
  const log = openLog(directory, { health, faults, retryInterval: 20 });
  const fold = new ListFold();
  log.attach('list', fold);
  const list = log.topic('list');
  await log.load();

  const acknowledged: string[] = [];
  const refused: string[] = [];
  let next = 0;
  /** @returns whether all of them were committed. */
  const append = async (count: number): Promise<boolean> => {
    const texts = Array.from({ length: count }, () => `${next++}`.padEnd(40_000, '.'));
    const results = await Promise.allSettled(texts.map((text) => list.append(bytes(text))));
    for (const [i, { status }] of results.entries()) (status === 'fulfilled' ? acknowledged : refused).push(texts[i]!);
    return results.every(({ status }) => status === 'fulfilled');
  };

  expect(await append(10)).toBe(true);
  disk.fill();
  // What the file still has room for is taken; then no more.
  while (await append(10));
  expect(refused.length).toBeGreaterThan(0);
  expect(health.reasons).toEqual([{ source: 'storage', reason: expect.stringMatching(/ENOSPC/) }]);
  await expect(list.append(bytes('now'))).rejects.toMatchObject({
    code: 'ERR_STORAGE_COMMIT',
    message: expect.stringMatching(/no space left on device/),
  });
  expect(fold.records).toEqual(acknowledged);

  disk.free();
  await vi.waitFor(() => expect(health.reasons).toEqual([]), { timeout: 5000 });
  expect(await append(20)).toBe(true);
  expect(fold.records).toEqual(acknowledged);
  expect(fold.records).not.toEqual(expect.arrayContaining([refused[0]]));
  await log.close();

  const again = new ListFold();
  const restarted = openLog(directory);
  restarted.attach('list', again);
  await restarted.load();
  expect(again.records).toEqual(acknowledged);
  expect(unhandled).not.toHaveBeenCalled();
});

test('a log on a full disk is read at the start, and takes records once there is room', async () => {
  const disk = smallDisk();
  const { directory, faults } = disk;
  let log = openLog(directory);
  log.attach('list', new ListFold());
  let list = log.topic('list');
  await log.load();
  await list.append(bytes('kept'));
  await log.close();

  disk.fill();
  const health = new Health();
  const fold = new ListFold();
  log = openLog(directory, { health, faults, retryInterval: 20 });
  log.attach('list', fold);
  list = log.topic('list');
  await log.load();
  expect(fold.records).toEqual(['kept']);
  const large = bytes('x'.repeat(1_000_000));
  await expect(list.append(large)).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
  disk.free();
  await vi.waitFor(() => expect(health.reasons).toEqual([]), { timeout: 5000 });
  await list.append(large);
  expect(fold.records).toHaveLength(2);
});

test('a stop while the disk is full loses nothing that was acknowledged', async () => {
  const disk = smallDisk();
  const { directory, faults } = disk;
  let log = openLog(directory, { faults });
  let fold = new ListFold();
  log.attach('list', fold);
  let list = log.topic('list');
  await log.load();
  for (let i = 0; i < 50; i++) await list.append(bytes(`${i}`.padEnd(40_000)));
  disk.fill();
  await Promise.all(Array.from({ length: 4 }, () => list.append(bytes('x'.repeat(1_000_000))))).catch(() => {});
  const { records } = fold;
  await log.close();

  fold = new ListFold();
  log = openLog(directory);
  log.attach('list', fold);
  list = log.topic('list');
  await log.load();
  expect(fold.records).toEqual(records);
});
