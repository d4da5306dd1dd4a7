import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { examineDirectory } from '../../../src/log/embedded/examine.ts';

test('little room on the disk is a warning, with what happens then', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'bridge-disk-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const examine = (mib: number) => examineDirectory(directory, async () => ({ bavail: mib * 256, bsize: 4096 }));
  expect(await examine(256)).toEqual([{ level: 'ok', message: `${directory} holds no state yet, 256 MiB are free` }]);
  await writeFile(join(directory, '0000000000000001.log'), Buffer.alloc(3 * 1024 * 1024, 1));
  expect(await examine(255)).toEqual([
    {
      level: 'warning',
      message: `${directory} holds 3 MiB, 255 MiB are free`,
      advice: expect.stringContaining('make room'),
    },
  ]);
});

test('a directory that is not there yet is no fault', async () => {
  expect(await examineDirectory('/nowhere/at/all')).toMatchObject([{ level: 'ok' }]);
});
