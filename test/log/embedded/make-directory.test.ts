import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory } from '../../../src/log/embedded/make-directory.ts';
import { temporaryDirectory } from './testing.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;

test('a directory and those above it are for their owner alone; what is there is left as it is', () => {
  const directory = temporaryDirectory();
  mkdirSync(join(directory, 'there'));
  const before = modeOf(join(directory, 'there'));
  makeDirectory(join(directory, 'there/a/b'));
  expect(['there/a', 'there/a/b'].map((path) => modeOf(join(directory, path)))).toEqual([0o700, 0o700]);
  makeDirectory(join(directory, 'there'));
  expect(modeOf(join(directory, 'there'))).toBe(before);
});

test('a file is none, and takes none', () => {
  const file = join(temporaryDirectory(), 'file');
  writeFileSync(file, '');
  expect(() => makeDirectory(file)).toThrow('EEXIST');
  expect(() => makeDirectory(join(file, 'a'))).toThrow('ENOTDIR');
});
