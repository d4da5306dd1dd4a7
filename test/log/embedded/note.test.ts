import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemDisk } from '../../../src/log/embedded/disk.ts';
import { Note } from '../../../src/log/embedded/note.ts';
import { bytes } from '../folds.ts';
import { temporaryDirectory } from './testing.ts';

it('a note is overwritten before it goes, and one that was overwritten is none', async () => {
  const directory = temporaryDirectory();
  const note = new Note(systemDisk, directory);
  await note.write(bytes('192.0.2.1'));
  const fd = openSync(join(directory, 'note'), 'r');
  await note.write(undefined);
  const left = Buffer.alloc(20);
  expect(left.subarray(0, readSync(fd, left, 0, 20, 0))).toEqual(Buffer.alloc(9));
  closeSync(fd);
  // As a process leaves it that ends before the file is gone.
  await note.write(bytes('\0\0\0'));
  const next = new Note(systemDisk, directory);
  next.read();
  expect(next.text).toBeUndefined();
});
