import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { LogChildOptions } from './log-child.ts';

/** Built by `npm test` and `npm run build:simulators`. */
const program = fileURLToPath(new URL('../../dist-test/test/support/log-child.js', import.meta.url));

/** A process with a log; killed at the end of the test, and none is begun after that. It ends with this process as well. */
export class LogChild {
  readonly process: ChildProcess;
  /** Every line that it told. */
  readonly lines: string[] = [];
  readonly #reader;

  constructor(options: LogChildOptions) {
    // Refused once the test is over, as after its time limit: nobody would end the process then.
    onTestFinished(() => void this.process?.kill('SIGKILL'));
    this.process = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#reader = createInterface(this.process.stdout!);
    this.#reader.on('line', (line) => this.lines.push(line));
  }

  async firstLine(): Promise<string> {
    if (this.lines.length === 0) await once(this.#reader, 'line');
    return this.lines[0]!;
  }

  /** Resolves when it is gone, and all that it told is in `lines`. */
  async gone(): Promise<void> {
    await Promise.all([once(this.process, 'close'), once(this.#reader, 'close')]);
  }
}
