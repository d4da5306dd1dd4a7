import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makePrivate, useCompileCache } from '../../src/cli/compile-cache.ts';

const user = process.getuid!();

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bridge-cache-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Where the cache is put. */
function chosen(env: Record<string, string>): string[] {
  const directories: string[] = [];
  useCompileCache(env, (directory) => directories.push(directory));
  return directories;
}

describe('where it lies', () => {
  test("in systemd's directory, the first of several", () => {
    const [first, second] = [join(folder, 'a'), join(folder, 'b')];
    expect(chosen({ CACHE_DIRECTORY: `${first}:${second}`, HOME: folder })).toEqual([first]);
    expect(existsSync(second)).toBe(false);
  });

  test('else where programs of this user keep such things, made for the user alone', () => {
    const own = join(folder, '.cache/couic-otel-bridge');
    expect(chosen({ HOME: folder })).toEqual([own]);
    expect(statSync(own).mode & 0o777).toBe(0o700);
    expect(chosen({ HOME: folder, XDG_CACHE_HOME: join(folder, 'x') })).toEqual([join(folder, 'x/couic-otel-bridge')]);
    expect(chosen({ HOME: folder, XDG_CACHE_HOME: 'relative' })).toEqual([own]);
  });

  test.each([[{}], [{ HOME: '' }], [{ HOME: 'relative' }], [{ CACHE_DIRECTORY: '/proc/none' }]])(
    'nowhere with %j',
    (env) => {
      expect(chosen(env as Record<string, string>)).toEqual([]);
    },
  );
});

describe('what others could replace is not used, since it is run', () => {
  test.each([
    ['itself', ''],
    ['above', '..'],
  ])('a directory that is writable for all: %s', (_, which) => {
    const directory = join(folder, 'above/cache');
    mkdirSync(directory, { recursive: true });
    chmodSync(join(folder, 'above'), 0o755);
    chmodSync(directory, 0o700);
    expect(makePrivate(directory, user)).toBe(directory);
    chmodSync(join(directory, which), 0o777);
    expect(makePrivate(directory, user)).toBeUndefined();
    chmodSync(join(directory, which), 0o1777);
    expect(makePrivate(directory, user)).toBe(which === '' ? undefined : directory);
  });

  test('the directory of somebody else, and a link into one', () => {
    const directory = join(folder, 'theirs');
    mkdirSync(directory, { mode: 0o700 });
    symlinkSync(directory, join(folder, 'link'));
    expect(makePrivate(directory, user + 1)).toBeUndefined();
    chmodSync(directory, 0o777);
    expect(makePrivate(join(folder, 'link'), user)).toBeUndefined();
  });

  test('where nothing can be made', () => {
    expect(makePrivate('/proc/couic-otel-bridge', user)).toBeUndefined();
  });
});
