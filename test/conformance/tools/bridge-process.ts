import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningProcess } from './running-process.ts';

const MAIN = join(import.meta.dirname, '../../../dist/src/main.js');

/** The built bridge as an operator runs it, with a data directory that goes with it. */
export class BridgeProcess {
  /** `http://host:port/v1/reports`, without a token. */
  readonly webhook: string;
  /** `host:port` of the prometheus exporter. */
  readonly metrics: string;
  readonly #process: RunningProcess;
  readonly #directory: string;

  private constructor(running: RunningProcess, directory: string) {
    this.#process = running;
    this.#directory = directory;
    this.webhook = running.said[0]![1]!;
    this.metrics = running.said[1]![1]!;
  }

  /**
   * @param config - of the bridge; JSON is YAML. A couic receiver and a prometheus exporter must be in it, with port 0.
   * `DIRECTORY` in it becomes the data directory.
   */
  static async start(config: unknown): Promise<BridgeProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-bridge-'));
    const file = join(directory, 'otel-config.yaml');
    await writeFile(file, JSON.stringify(config).replaceAll('DIRECTORY', join(directory, 'data')));
    const running = await RunningProcess.start({
      file: process.execPath,
      args: [MAIN, '--config', file],
      ready: [
        /Listening for reports on ([^"\s]+)/,
        /Metrics are at http:\/\/([^"\s/]+)/,
        /Ready: reports are accepted/,
      ],
    });
    return new BridgeProcess(running, directory);
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
