import { readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locked } from './errors.ts';
import { LOCK } from './layout.ts';
import type { DirectoryLock } from './lock.ts';

/** Locks of this process: its own number in a file says nothing, a container's is 1 after every start. */
const held = new Set<string>();

/**
 * A file with the number of the process that holds it, where the kernel's lock is not to be had: one left by a process that
 * is gone is taken over. It does not hold between containers, nor when it is deleted.
 */
export class PidLock implements DirectoryLock {
  #path = '';

  async acquire(directory: string, option: string): Promise<void> {
    this.#path = join(directory, LOCK);
    for (let attempt = 0; ; attempt++) {
      try {
        await writeFile(this.#path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
        held.add(this.#path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = Number(await readFile(this.#path, 'utf8').catch(() => ''));
        if (attempt > 2 || this.#isAlive(holder)) throw locked(directory, `process ${holder}`, option, error);
        await unlink(this.#path).catch(() => {});
      }
    }
  }

  hold(): void {}

  async release(): Promise<void> {
    if (!held.delete(this.#path)) return;
    await unlink(this.#path).catch(() => {});
  }

  #isAlive(pid: number): boolean {
    if (pid === process.pid) return held.has(this.#path);
    try {
      return pid > 0 && process.kill(pid, 0);
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM';
    }
  }
}
