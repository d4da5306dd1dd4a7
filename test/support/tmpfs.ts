import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small file system in memory. */
export interface Tmpfs {
  readonly path: string;
  remountReadOnly(): void;
  unmount(): void;
}

/** @param size - for `mount`, as in `4m`. @returns `undefined` where mounting is not allowed: only root may, and not in every container. */
export function mountTmpfs(size: string): Tmpfs | undefined {
  const path = mkdtempSync(join(tmpdir(), 'tmpfs-'));
  const run = (command: string, ...args: string[]) => execFileSync(command, args, { stdio: 'ignore' });
  try {
    run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path);
  } catch {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    remountReadOnly: () => run('mount', '-o', 'remount,ro', path),
    unmount: () => {
      run('umount', '-l', path);
      rmdirSync(path);
    },
  };
}
