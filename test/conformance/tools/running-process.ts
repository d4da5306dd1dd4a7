import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProcessOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The process is up once its output matches each of these; `said` is what they matched. None: it is up at once. */
  readonly ready: readonly RegExp[];
  /** Milliseconds until it must be up. @default 30,000 */
  readonly timeout?: number;
}

/** A program that runs beside a test: up when it says so, ended with SIGTERM, and its output is kept. */
export class RunningProcess {
  readonly said: readonly RegExpMatchArray[];
  readonly #child: ChildProcess;
  readonly #output: readonly string[];

  private constructor(child: ChildProcess, output: readonly string[], said: readonly RegExpMatchArray[]) {
    this.#child = child;
    this.#output = output;
    this.said = said;
  }

  /** @throws with what it wrote, if it ended or did not come up in time. */
  static async start(options: ProcessOptions): Promise<RunningProcess> {
    const child = spawn(options.file, options.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: options.env ?? process.env,
    });
    const output: string[] = [];
    try {
      return new RunningProcess(child, output, await up(child, output, options));
    } catch (error) {
      child.kill('SIGKILL');
      throw new Error(`${options.file} ${(error as Error).message}:\n${output.join('').slice(-4000)}`);
    }
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get output(): string {
    return this.#output.join('');
  }

  /** Ends it and waits for its end, 10 s at most. Safe twice. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}

/** Goes on collecting the output after it has come up. */
function up(child: ChildProcess, output: string[], { ready, timeout }: ProcessOptions): Promise<RegExpMatchArray[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(new Error('did not come up in time')), timeout ?? 30_000);
    const settle = (result: RegExpMatchArray[] | Error) => {
      clearTimeout(timer);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const onData = (data: Buffer) => {
      output.push(data.toString());
      const text = output.join('');
      const said = ready.map((pattern) => text.match(pattern)).filter((match) => match !== null);
      if (said.length === ready.length) settle(said);
    };
    child.stdout?.on('data', onData);
    child.stderr?.on('data', onData);
    child.once('error', settle);
    if (ready.length === 0) child.once('spawn', () => settle([]));
    child.once('exit', (code) => settle(new Error(`ended with ${code}`)));
  });
}
