import { readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Disk, systemDisk } from '../../../src/log/embedded/disk.ts';
import { Reserve } from '../../../src/log/embedded/reserve.ts';
import { temporaryDirectory } from './testing.ts';

const KIB = 1024;

test('the room that is kept is a quarter and 128 KiB more than the snapshot, and shrinks only when it is twice that', async () => {
  const reserve = new Reserve(systemDisk, temporaryDirectory());
  const sizeFor = async (snapshot: number) => {
    await reserve.fit(snapshot);
    return statSync(reserve.path).size;
  };
  expect(await sizeFor(0)).toBe(256 * KIB);
  expect(await sizeFor(4096 * KIB)).toBe((5120 + 128) * KIB);
  expect(await sizeFor(2000 * KIB)).toBe((5120 + 128) * KIB);
  expect(await sizeFor(1000 * KIB)).toBe((1250 + 128) * KIB);
  expect(await sizeFor(0)).toBe(256 * KIB);
});

test('it is taken as far as there is room, and that is no failure', async () => {
  const disk: Disk = {
    ...systemDisk,
    async open(path, mode) {
      const file = await systemDisk.open(path, mode);
      const write = async (bytes: Uint8Array, position: number) => {
        if (position + bytes.length > 3 * KIB * KIB) throw new Error('ENOSPC');
        await file.write(bytes, position);
      };
      return { ...file, fd: file.fd, write, sync: () => file.sync(), close: () => file.close() } as typeof file;
    },
  };
  const reserve = new Reserve(disk, temporaryDirectory());
  await reserve.fit(10_000 * KIB);
  expect(statSync(reserve.path).size).toBe(3 * KIB * KIB);
});

test('what was written there is wiped to its end, and it stays as long as it was', async () => {
  const reserve = new Reserve(systemDisk, temporaryDirectory());
  await reserve.fit(2000 * KIB);
  const { size } = statSync(reserve.path);
  const file = await reserve.open();
  await file.write(Buffer.alloc(size, 'x'), 0);
  await file.close();
  await reserve.wipe();
  expect(readFileSync(reserve.path).equals(Buffer.alloc(size))).toBe(true);
});
