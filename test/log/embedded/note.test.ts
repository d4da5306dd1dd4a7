import { closeSync, existsSync, openSync, readSync } from 'node:fs';
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
});

it.each(['\0\0\0', '\0\0.0.2.1'])(
  'one that was being overwritten when the power went was done with: %j goes',
  async (left) => {
    const directory = temporaryDirectory();
    await new Note(systemDisk, directory).write(bytes(left));
    const next = new Note(systemDisk, directory);
    await next.read();
    expect(next.text).toBeUndefined();
    expect(existsSync(join(directory, 'note'))).toBe(false);
  },
);
