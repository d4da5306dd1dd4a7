import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { cannotWrite, damaged, locked } from '../../../src/log/embedded/errors.ts';

test('a write that failed says how much is free, where that is known, what to do, and why', async () => {
  const cause = new Error('ENOSPC: no space left on device');
  const { bavail, bsize } = statfsSync('/proc');
  const error = await cannotWrite('/proc/file', '/proc', cause, ' And so on.');
  const free = Math.floor((bavail * bsize) / 1024);
  expect(error).toMatchObject({ code: 'ERR_STORAGE_COMMIT', cause });
  expect(error.message).toBe(
    `cannot write /proc/file: ENOSPC: no space left on device; ${free} KiB are free on its file system. Make room if it is full; otherwise see to the disk. And so on. The bridge goes on by itself.`,
  );
  const other = statfsSync(tmpdir());
  const { message } = await cannotWrite('/file', tmpdir(), cause);
  const [, kib] = /; (\d+) KiB are free/.exec(message)!;
  // Others write there meanwhile.
  expect(Number(kib) / ((other.bavail * other.bsize) / 1024)).toBeCloseTo(1, 1);
  expect((await cannotWrite('/x', '/nowhere/at/all', cause)).message).toBe(
    'cannot write /x: ENOSPC: no space left on device; See to the disk. The bridge goes on by itself.',
  );
});

test('what is damaged or in use has its cause with it, where there is one', () => {
  const cause = new Error('why');
  expect(damaged('/file', 'broken', cause).cause).toBe(cause);
  expect('cause' in damaged('/file', 'broken')).toBe(false);
  expect(locked('/directory', 'process 1', 'option', cause).cause).toBe(cause);
  expect('cause' in locked('/directory', 'process 1', 'option')).toBe(false);
});
