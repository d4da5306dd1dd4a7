import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const READY = 'Ready: reports are accepted';

/**
 * The built bridge as an operator runs it, with any free ports, and all that it wrote. Its configuration may leave
 * endpoints out or set them to port 0; where it listens is read from its log.
 */
export class BridgeUnderTest {
  readonly directory: string;
  /** How many files it may have open. @default as many as this process */
  openFiles: number | undefined;
  output = '';
  #child: ChildProcess | undefined;

  constructor(directory = mkdtempSync(join(tmpdir(), 'couic-bridge-'))) {
    this.directory = directory;
  }

  /** @param config - written to `config.yaml` as it is. */
  write(config: string | object): void {
    writeFileSync(join(this.directory, 'config.yaml'), typeof config === 'string' ? config : JSON.stringify(config));
  }

  /** Runs it with these arguments; resolves with its exit code when it ended. */
  async run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number | null> {
    const child = this.#spawn(args, env);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  }

  /** Starts it; resolves when it takes reports. @throws when it ended instead. */
  async start(env: NodeJS.ProcessEnv = {}, config = 'config.yaml'): Promise<this> {
    const from = this.output.length;
    const child = this.#spawn(['--config', config], env);
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      const look = () => {
        if (this.output.indexOf(READY, from) >= 0) resolve();
      };
      child.stdout?.on('data', look);
      child.once('exit', (code) => reject(new Error(`the bridge ended with ${code}:\n${this.output.slice(from)}`)));
    });
    return this;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** The last URL that followed these words in the log. */
  urlOf(words: 'Listening for reports on' | 'Metrics are at' | 'Health is at'): string {
    const found = [...this.output.matchAll(new RegExp(`${words} (http\\S+)`, 'g'))].at(-1);
    if (!found) throw new Error(`"${words}" is not in the log:\n${this.output}`);
    return found[1]!;
  }

  async scrape(): Promise<string> {
    return (await fetch(this.urlOf('Metrics are at'))).text();
  }

  /** @returns the exit code, or the signal that ended it. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    const child = this.#child!;
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode ?? child.signalCode;
  }

  /** Resolves when it has ended by itself, or was ended by somebody else. */
  async ended(): Promise<void> {
    const child = this.#child!;
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  async remove(): Promise<void> {
    if (this.#child) await this.stop('SIGKILL');
    rmSync(this.directory, { recursive: true, force: true });
  }

  #spawn(args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const limit = this.openFiles === undefined ? '' : `ulimit -n ${this.openFiles}; `;
    const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', process.execPath, main, ...args], {
      cwd: this.directory,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    return child;
  }
}
