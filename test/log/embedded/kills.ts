import { expect } from 'vitest';
import type { LogChildOptions } from '../../support/log-child.ts';
import { LogChild } from '../../support/log-child-process.ts';

/** Starts a process that appends, and kills it: at a fault point, or after a time. Each goes on where the last one was killed. */
export class Kills {
  readonly #directory: string;
  /** The highest record that was acknowledged. */
  #acknowledged = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @param how - a fault point, or milliseconds after the log was loaded. @returns the highest record acknowledged so far. */
  async kill(how: NonNullable<LogChildOptions['kill']> | number): Promise<number> {
    const child = new LogChild({
      directory: this.#directory,
      work: true,
      minimumLogBytes: 3000,
      ...(typeof how === 'number' ? {} : { kill: how }),
    });
    const gone = child.gone();
    const [word, found] = (await child.firstLine()).split(' ');
    expect(word, child.lines.join('\n')).toBe('ready');
    // At most one append was under way, of at most five records.
    expect(Number(found)).toBeGreaterThanOrEqual(this.#acknowledged);
    expect(Number(found)).toBeLessThanOrEqual(this.#acknowledged + 5);
    if (typeof how === 'number') setTimeout(() => child.process.kill('SIGKILL'), how);
    await gone;
    expect(child.process.signalCode).toBe('SIGKILL');
    const last = child.lines.findLast((line) => line.startsWith('acked '));
    this.#acknowledged = last ? Number(last.split(' ')[1]) : Number(found);
    return this.#acknowledged;
  }
}
