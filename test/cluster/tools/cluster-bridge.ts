import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BridgeUnderTest } from '../../support/bridge-under-test.ts';
import { freePort } from '../../support/free-port.ts';
import { type Cut, FaultProxy } from './fault-proxy.ts';

const main = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));

export interface ClusterBridgeOptions {
  readonly natsPorts: readonly number[];
  readonly stream: string;
  /** Name and token of each Couic. */
  readonly instances: readonly { readonly name: string; readonly token: string }[];
  /** Where windows and events go; without them there is only a scrape. */
  readonly lapi?: string;
  readonly siem?: string;
  /** Of `jetstream_storage`, beside its servers, stream and directory. */
  readonly storage?: Readonly<Record<string, unknown>>;
}

/** A bridge of a cluster as an operator runs it: supervised, so that it is started again whenever it ends, and with a way of its own to each NATS server. */
export class ClusterBridge {
  readonly port: number;
  readonly process = new BridgeUnderTest();
  readonly healthPort: number;
  readonly #metricsPort: number;
  readonly #proxies: readonly FaultProxy[];
  /** Whether it is to be started again. */
  #isWanted = false;
  #supervising: Promise<void> = Promise.resolve();
  #ahead = 0;
  starts = 0;

  private constructor(ports: readonly number[], proxies: readonly FaultProxy[]) {
    [this.port, this.#metricsPort, this.healthPort] = ports as [number, number, number];
    this.#proxies = proxies;
  }

  static async make(options: ClusterBridgeOptions): Promise<ClusterBridge> {
    const proxies = await Promise.all(options.natsPorts.map((port) => FaultProxy.open(port)));
    const bridge = new ClusterBridge([await freePort(), await freePort(), await freePort()], proxies);
    const retry = { initial_interval: '100ms', max_interval: '1s', max_elapsed_time: '0s' };
    bridge.process.write({
      receivers: {
        couic: { endpoint: `127.0.0.1:${bridge.port}`, log_reports: false, instances: options.instances },
      },
      exporters: {
        prometheus: { endpoint: `127.0.0.1:${bridge.#metricsPort}` },
        ...(options.lapi !== undefined && {
          crowdsec: {
            endpoint: options.lapi,
            api_key: 'test-key',
            interval: '1s',
            heartbeat: false,
            retry_on_failure: { initial_interval: '100ms', max_interval: '1s' },
          },
        }),
        ...(options.siem !== undefined && {
          elasticsearch: { endpoint: options.siem, retry_on_failure: retry, batch: { max_events: 50 } },
        }),
      },
      extensions: {
        health_check: { endpoint: `127.0.0.1:${bridge.healthPort}` },
        status_page: { endpoint: '127.0.0.1:0' },
        jetstream_storage: {
          servers: proxies.map(({ port }) => `nats://127.0.0.1:${port}`),
          stream: options.stream,
          max_bytes: 256 * 1024 * 1024,
          directory: './state',
          ...options.storage,
        },
      },
      service: {
        extensions: ['jetstream_storage', 'health_check', 'status_page'],
        pipelines: {
          metrics: {
            receivers: ['couic'],
            exporters: ['prometheus', ...(options.lapi === undefined ? [] : ['crowdsec'])],
          },
          ...(options.siem !== undefined && { logs: { receivers: ['couic'], exporters: ['elasticsearch'] } }),
        },
      },
    });
    return bridge;
  }

  get pid(): number {
    return this.process.pid;
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** Resolves when it takes reports for the first time. @param ahead - how far the host's clock is, ms. */
  async start(ahead = 0): Promise<void> {
    this.#isWanted = true;
    this.#ahead = ahead;
    await this.#startOnce();
    this.#supervising = this.#supervise();
  }

  /** Ends it, and leaves it so. @returns its exit code or signal. */
  async stop(signal: NodeJS.Signals = 'SIGTERM') {
    this.#isWanted = false;
    const ended = await this.process.stop(signal);
    await this.#supervising;
    return ended;
  }

  /** Ends it; it is started again. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  cut(cut: Cut): void {
    for (const proxy of this.#proxies) proxy.cut(cut);
  }

  /** Where its status page is. */
  get page(): string {
    return [...this.process.output.matchAll(/A page to look at is at (http:\S+)/g)].at(-1)![1]!;
  }

  /** What a command says that is run on its host. */
  async command(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...args, '--config', 'config.yaml'], {
      cwd: this.process.directory,
    }).catch((error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }));
    return stdout;
  }

  /** Which of the servers it is connected to; undefined: to none. */
  get server(): number | undefined {
    const at = this.#proxies.findIndex(({ isUsed }) => isUsed);
    return at === -1 ? undefined : at;
  }

  /** Has it connect to one of some servers, and lets it choose again from then on. */
  async moveTo(servers: readonly number[]): Promise<void> {
    for (const [index, proxy] of this.#proxies.entries()) proxy.refuse(!servers.includes(index));
    while (this.server === undefined && this.#isWanted) await sleep(50);
    for (const proxy of this.#proxies) proxy.refuse(false);
  }

  async scrape(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`, { signal: AbortSignal.timeout(5000) });
    return answer.text();
  }

  async remove(): Promise<void> {
    this.#isWanted = false;
    await this.process.remove();
    await this.#supervising;
    for (const proxy of this.#proxies) proxy.close();
  }

  async #startOnce(): Promise<void> {
    this.starts++;
    await this.process.start(this.#ahead === 0 ? {} : { NODE_OPTIONS: `--import ${clockAhead(this.#ahead)}` });
  }

  async #supervise(): Promise<void> {
    while (this.#isWanted) {
      await this.process.ended();
      if (!this.#isWanted) return;
      await sleep(500);
      // It may end again while it starts, for as long as NATS is not there.
      if (this.#isWanted) await this.#startOnce().catch(() => {});
    }
  }
}

/** Starts so many bridges of a log, one after the other. @param into - has each before it is started, so that it is removed whatever comes. */
export async function startBridges(count: number, options: ClusterBridgeOptions, into: ClusterBridge[]): Promise<void> {
  for (let i = 0; i < count; i++) {
    const bridge = await ClusterBridge.make(options);
    into.push(bridge);
    await bridge.start();
  }
}

/** A module that lets all of a process believe in another time, two minutes later still at each SIGUSR2; the monotonic clock goes on. */
function clockAhead(milliseconds: number): string {
  const source = `const Real = Date;
let ahead = ${milliseconds};
process.on('SIGUSR2', () => { ahead += 120000; });
globalThis.Date = class extends Real {
  constructor(...given) { if (given.length > 0) super(...given); else super(Real.now() + ahead); }
  static now() { return Real.now() + ahead; }
};`;
  return `data:text/javascript,${encodeURIComponent(source)}`;
}
