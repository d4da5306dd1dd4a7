import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LapiServer } from '../../support/lapi/server.ts';
import { freePort } from './free-port.ts';
import { RunningProcess } from './running-process.ts';

const ROOT = join(import.meta.dirname, '../../..');

/** A program's metrics on their way to CrowdSec, as an example of deploy/collector has it: a real Collector, the built bridge, and LAPI. */
export class Pipeline {
  readonly directory: string;
  readonly lapi: LapiServer;
  readonly #example: string;
  readonly #otelcol: string;
  readonly #env: NodeJS.ProcessEnv;
  #collector!: RunningProcess;
  #bridge!: RunningProcess;

  private constructor(example: string, otelcol: string, directory: string, lapi: LapiServer, env: NodeJS.ProcessEnv) {
    this.#example = example;
    this.#otelcol = otelcol;
    this.directory = directory;
    this.lapi = lapi;
    this.#env = env;
  }

  /** @param example - a folder of deploy/collector. @param env - of its files, beside what all have. */
  static async start(example: string, otelcol: string, env: NodeJS.ProcessEnv): Promise<Pipeline> {
    const lapi = await new LapiServer().start();
    const directory = await mkdtemp(join(tmpdir(), 'pipeline-'));
    const listen = `127.0.0.1:${await freePort()}`;
    const pipeline = new Pipeline(example, otelcol, directory, lapi, {
      ...process.env,
      SCRAPE_INTERVAL: '500ms',
      BRIDGE_LISTEN: listen,
      BRIDGE_OTLP: `http://${listen}`,
      STATE_DIRECTORY: join(directory, 'state'),
      [`CROWDSEC_${example.toUpperCase()}_KEY`]: 'test-key',
      CROWDSEC_DRY_RUN: 'false',
      CROWDSEC_LAPI_URL: lapi.url,
      CROWDSEC_INTERVAL: '1s',
      ...env,
    });
    await pipeline.#startBridge();
    await pipeline.#startCollector();
    return pipeline;
  }

  /** Path of a file of the example. */
  file(name: string): string {
    return join(ROOT, 'deploy/collector', this.#example, name);
  }

  async killCollector(): Promise<void> {
    await this.#collector.stop('SIGKILL');
    await this.#startCollector();
  }

  async killBridge(): Promise<void> {
    await this.#bridge.stop('SIGKILL');
    await this.#startBridge();
  }

  async stop(): Promise<void> {
    await this.#collector.stop();
    await this.#bridge.stop();
    await this.lapi.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #startCollector(): Promise<void> {
    const args = ['--config', this.file('collector.yaml')];
    const ready = [/Everything is ready/];
    this.#collector = await RunningProcess.start({ file: this.#otelcol, args, env: this.#env, ready });
  }

  async #startBridge(): Promise<void> {
    const args = [join(ROOT, 'dist/src/main.js'), '--config', this.file('otel-config.yaml')];
    this.#bridge = await RunningProcess.start({ file: process.execPath, args, env: this.#env, ready: [/Ready/] });
  }
}
