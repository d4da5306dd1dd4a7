import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run as runCommand } from './command.ts';
import { RunningProcess } from './running-process.ts';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');

/** The built bridge as an operator runs it, with a data directory that goes with it. */
export class BridgeProcess {
  readonly #directory: string;
  #process: RunningProcess;

  private constructor(running: RunningProcess, directory: string) {
    this.#process = running;
    this.#directory = directory;
  }

  /**
   * @param config - of the bridge; JSON is YAML. A couic receiver and a prometheus exporter must be in it, with port 0.
   * `DIRECTORY` in it becomes the data directory.
   */
  static async start(config: unknown): Promise<BridgeProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-bridge-'));
    await writeFile(configOf(directory), JSON.stringify(config).replaceAll('DIRECTORY', join(directory, 'data')));
    return new BridgeProcess(await run(directory), directory);
  }

  /** Kills it without a word, and starts it again on what it left; its ports are others then. */
  async killAndStart(): Promise<void> {
    await this.#process.stop('SIGKILL');
    this.#process = await run(this.#directory);
  }

  /** What an operator types after `couic-otel-bridge`, with its configuration. @throws with what it said, unless it ends with 0. */
  async command(...words: readonly string[]): Promise<string> {
    const args = [MAIN, ...words, '--config', configOf(this.#directory)];
    const { code, stdout, stderr } = await runCommand(process.execPath, args, { timeout: 30_000 });
    if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Of all that it keeps. */
  get data(): string {
    return join(this.#directory, 'data');
  }

  /** `http://host:port/v1/reports`, without a token. */
  get webhook(): string {
    return this.#process.said[0]![1]!;
  }

  /** `host:port` of the prometheus exporter. */
  get metrics(): string {
    return this.#process.said[1]![1]!;
  }

  get log(): string {
    return this.#process.output;
  }

  async scrape(): Promise<string> {
    const response = await fetch(`http://${this.metrics}/metrics`);
    if (!response.ok) throw new Error(`the scrape was answered with ${response.status}: ${await response.text()}`);
    return response.text();
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function configOf(directory: string): string {
  return join(directory, 'otel-config.yaml');
}

function run(directory: string): Promise<RunningProcess> {
  return RunningProcess.start({
    file: process.execPath,
    args: [MAIN, '--config', configOf(directory)],
    ready: [/Listening for reports on ([^"\s]+)/, /Metrics are at http:\/\/([^"\s/]+)/, /Ready: reports are accepted/],
  });
}
