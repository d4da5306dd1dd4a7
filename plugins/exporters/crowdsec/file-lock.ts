import { readFile, unlink, writeFile } from 'node:fs/promises';

/** Locks of this process: its own number in a file says nothing, a container's is 1 after every start. */
const held = new Set<string>();

/** A file with the number of the process that holds it. One left by a process that is gone is taken over. */
export class FileLock {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws Error that names the process that holds it. */
  async take(): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        await writeFile(this.#path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
        held.add(this.#path);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        const holder = Number(await readFile(this.#path, 'utf8').catch(() => ''));
        if (attempt > 2 || this.#isAlive(holder)) {
          throw new Error(`${this.#path}: process ${holder} has this outbox; give each its own file`, { cause: error });
        }
        await unlink(this.#path).catch(() => {});
      }
    }
  }

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
