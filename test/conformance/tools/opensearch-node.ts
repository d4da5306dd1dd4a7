import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { RunningProcess } from './running-process.ts';

const MAIN = join(import.meta.dirname, 'opensearch/OneNode.java');
const JAVA = ['-Xms256m', '-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

/** A real OpenSearch of one node, without users and TLS, whose data survives a kill. */
export class OpenSearchNode {
  readonly url: string;
  readonly #jars: string;
  readonly #home: string;
  readonly #settings: Readonly<Record<string, string>>;
  #process: RunningProcess | undefined;

  private constructor(jars: string, home: string, port: number, settings: Readonly<Record<string, string>>) {
    this.#jars = jars;
    this.#home = home;
    this.url = `http://127.0.0.1:${port}`;
    this.#settings = { 'http.port': String(port), ...settings };
  }

  /** @param jars - folder with them. @param settings - of OpenSearch, to provoke faults. */
  static async start(jars: string, settings: Readonly<Record<string, string>> = {}): Promise<OpenSearchNode> {
    const home = await mkdtemp(join(tmpdir(), 'opensearch-'));
    await mkdir(join(home, 'config'));
    const node = new OpenSearchNode(jars, home, await freePort(), settings);
    await node.resume();
    return node;
  }

  /** Starts it again after `kill`. */
  async resume(): Promise<void> {
    const settings = {
      'path.home': this.#home,
      'cluster.name': 'conformance',
      'node.name': 'one',
      'network.host': '127.0.0.1',
      'transport.port': String(await freePort()),
      'transport.type': 'netty4',
      'http.type': 'netty4',
      'discovery.type': 'single-node',
      'cluster.routing.allocation.disk.threshold_enabled': 'false',
      ...this.#settings,
    };
    const args = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    this.#process = await RunningProcess.start({
      file: 'java',
      args: [...JAVA, '-cp', join(this.#jars, '*'), MAIN, ...args],
      ready: [/^READY$/m],
      timeout: 90_000,
    });
  }

  /** As an operator would with curl. @throws with the answer, unless it is 2xx. */
  async ask<Answer = unknown>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.url}/${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text || 'null') as Answer;
  }

  /** Without a word, as when the machine loses its power. */
  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#home, { recursive: true, force: true });
  }
}
