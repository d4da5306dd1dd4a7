import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { freePort } from '../support/free-port.ts';
import { askProbe } from './ask-probe.ts';
import type { ProbeReading } from './probe.ts';

/** The project's own folder, from the source and from where it is compiled to. */
function findRoot(folder: string): string {
  return existsSync(join(folder, 'package.json')) ? folder : findRoot(resolve(folder, '..'));
}

const root = findRoot(fileURLToPath(new URL('.', import.meta.url)));

interface BridgeOptions {
  /** Exporters of events, by their ids, with their options. */
  readonly sinks?: Readonly<Record<string, object>>;
  /** The extension that keeps the log, as in the configuration. @default file_storage */
  readonly storage?: Readonly<Record<string, object>>;
}

/** The real daemon as its own process, with a probe. */
export class BridgeProcess {
  readonly port: number;
  readonly #metricsPort: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, metricsPort: number) {
    this.#child = child;
    this.port = port;
    this.#metricsPort = metricsPort;
  }

  static newDirectory(): string {
    return mkdtempSync(join(tmpdir(), 'couic-bench-'));
  }

  /** @param instances - their names are their tokens; none: one open instance `couic`. */
  static async start(
    directory: string,
    instances: readonly string[] = [],
    { sinks = {}, storage = { file_storage: { directory: join(directory, 'state') } } }: BridgeOptions = {},
  ): Promise<BridgeProcess> {
    const [port, metricsPort, healthPort] = [await freePort(), await freePort(), await freePort()];
    const config = join(directory, 'config.json');
    const couic = {
      endpoint: `127.0.0.1:${port}`,
      log_reports: false,
      instances:
        instances.length === 0 ? [{ name: 'couic' }] : instances.map((name) => ({ name, token: tokenOf(name) })),
    };
    const settings = {
      receivers: { couic },
      exporters: { prometheus: { endpoint: `127.0.0.1:${metricsPort}` }, ...sinks },
      extensions: {
        ...storage,
        health_check: { endpoint: `127.0.0.1:${healthPort}` },
      },
      service: {
        extensions: [...Object.keys(storage), 'health_check'],
        pipelines: {
          metrics: { receivers: ['couic'], exporters: ['prometheus'] },
          ...(Object.keys(sinks).length > 0 && { logs: { receivers: ['couic'], exporters: Object.keys(sinks) } }),
        },
        telemetry: { logs: { level: 'error' } },
      },
    };
    writeFileSync(config, JSON.stringify(settings));
    const probe = pathToFileURL(join(root, 'dist-test/test/bench/probe.js')).href;
    const child = fork(join(root, 'dist/src/main.js'), ['--config', config], {
      execArgv: ['--expose-gc', ...(process.env.BENCH_NODE_ARGS?.split(' ') ?? []), '--import', probe],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const bridge = new BridgeProcess(child, port, metricsPort);
    await bridge.#ready(healthPort);
    return bridge;
  }

  static remove(directory: string): void {
    rmSync(directory, { recursive: true, force: true });
  }

  get pid(): number {
    return this.#child.pid!;
  }

  pathOf(instance?: string): string {
    return instance === undefined ? '/v1/reports' : `/v1/reports/${tokenOf(instance)}`;
  }

  pathsOf(instances: readonly string[]): readonly string[] {
    return instances.map((instance) => this.pathOf(instance));
  }

  /** Looks at memory and stalls from here on, too. */
  async watch(): Promise<void> {
    await askProbe(this.#child, 'watch');
  }

  /** `read` tells of the time from here on. */
  async mark(): Promise<void> {
    await askProbe(this.#child, 'mark');
  }

  read(): Promise<ProbeReading> {
    return askProbe(this.#child, 'read') as Promise<ProbeReading>;
  }

  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.#metricsPort}/metrics`);
    if (response.status !== 200) throw new Error(`/metrics answered ${response.status}: ${await response.text()}`);
    return response.text();
  }

  /** The sum of all series of a metric. */
  async total(metric: string): Promise<number> {
    let sum = 0;
    for (const line of (await this.metrics()).split('\n')) {
      if (line.startsWith(`${metric}{`)) sum += Number(/ ([\d.e+]+)(?: \d+)?$/.exec(line)?.[1]);
    }
    return sum;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill(signal);
    await once(this.#child, 'exit');
  }

  async #ready(healthPort: number): Promise<void> {
    for (;;) {
      if (this.#child.exitCode !== null)
        throw new Error(`the bridge ended with ${this.#child.exitCode} while starting`);
      const ok = await fetch(`http://127.0.0.1:${healthPort}/`).then(
        ({ ok }) => ok,
        () => false,
      );
      if (ok) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

function tokenOf(instance: string): string {
  return `token-of-${instance}`;
}
