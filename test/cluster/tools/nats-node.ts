import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunningProcess } from '../../conformance/tools/running-process.ts';
import { freePort } from '../../support/free-port.ts';

export interface NodeOptions {
  readonly binary: string;
  /** Added to its configuration. */
  readonly config?: string;
  /** Where its streams are. @default a directory of its own */
  readonly store?: string;
  /** @default chosen */
  readonly port?: number;
}

/** One real nats-server with JetStream, whose data outlives its ends until `remove()`. */
export class NatsNode {
  readonly port: number;
  readonly store: string;
  readonly #binary: string;
  readonly #directory: string;
  #process: RunningProcess | undefined;
  #isRunning = false;

  private constructor(binary: string, directory: string, store: string, port: number) {
    this.#binary = binary;
    this.#directory = directory;
    this.store = store;
    this.port = port;
  }

  /** Not yet started. */
  static async make({ binary, config = '', store, port }: NodeOptions): Promise<NatsNode> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-nats-'));
    const node = new NatsNode(binary, directory, store ?? join(directory, 'store'), port ?? (await freePort()));
    await writeFile(
      join(directory, 'server.conf'),
      `listen: 127.0.0.1:${node.port}\njetstream {store_dir: ${JSON.stringify(node.store)}, sync_interval: always, max_file_store: 8GB}\n${config}\n`,
    );
    return node;
  }

  get server(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#process!.pid;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get log(): string {
    return this.#process?.output ?? '';
  }

  async start(): Promise<void> {
    const args = ['-c', join(this.#directory, 'server.conf')];
    this.#process = await RunningProcess.start({ file: this.#binary, args, ready: [/Server is ready/] });
    this.#isRunning = true;
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> {
    this.#isRunning = false;
    await this.#process?.stop(signal);
  }

  async remove(): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }
}
