import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { LapiServer } from '../support/lapi/server.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { describeWith } from './tools/describe-with.ts';
import { freePort } from './tools/free-port.ts';
import { RunningProcess } from './tools/running-process.ts';

const MAIN = join(import.meta.dirname, '../../dist/src/main.js');
/** Kills of each of the three. */
const KILLS = 10;
const PROGRAM = join(import.meta.dirname, 'tools/counting-program.mjs');

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

type Part = 'program' | 'collector' | 'bridge';

/** A program that denies requests and counts them, and how a Collector gets at what it counted. */
interface Program {
  readonly file: string;
  /** @param ports - where it listens, and where it sends what it counted. */
  args(ports: Ports): readonly string[];
  readonly ready: readonly RegExp[];
  receivers(ports: Ports): Readonly<Record<string, unknown>>;
  /** As it is called over OTLP, and at Prometheus. */
  readonly metric: string;
  readonly shown: string;
  /** Its series of the requests that the test has denied. */
  readonly where: readonly [label: string, value: string];
}

interface Ports {
  readonly web: number;
  readonly between: number;
}

interface ChainPorts extends Ports {
  readonly otlp: number;
  readonly metrics: number;
}

/** A program that counts, a Collector, a bridge, a LAPI: each of the three may be killed, and comes again on what it left. */
class Chain {
  readonly lapi = new LapiServer({ keys: { 'key-of-the-waf': 'waf' } });
  readonly #directory: string;
  readonly #program: Program;
  readonly #collector: string;
  readonly #ports: ChainPorts;
  readonly #running = new Map<Part, RunningProcess>();

  private constructor(directory: string, program: Program, collector: string, ports: ChainPorts) {
    this.#directory = directory;
    this.#program = program;
    this.#collector = collector;
    this.#ports = ports;
  }

  static async start(program: Program, collector: string): Promise<Chain> {
    const directory = await mkdtemp(join(tmpdir(), 'conformance-pipeline-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const [web, between, otlp, metrics] = [await freePort(), await freePort(), await freePort(), await freePort()];
    const chain = new Chain(directory, program, collector, { web, between, otlp, metrics });
    await chain.lapi.start();
    ends.push(() => chain.lapi.stop());
    await chain.#write();
    for (const part of ['bridge', 'program', 'collector'] as const) await chain.#run(part);
    ends.push(() => Promise.all([...chain.#running.values()].map((each) => each.stop())));
    return chain;
  }

  async #write(): Promise<void> {
    const { otlp, metrics } = this.#ports;
    const { receivers, metric, where } = this.#program;
    const given = receivers(this.#ports);
    const collector = {
      receivers: given,
      exporters: {
        otlp_http: {
          endpoint: `http://127.0.0.1:${otlp}`,
          retry_on_failure: { initial_interval: '200ms', max_interval: '1s' },
        },
      },
      service: {
        pipelines: { metrics: { receivers: Object.keys(given), exporters: ['otlp_http'] } },
        telemetry: { metrics: { level: 'none' } },
      },
    };
    const bridge = {
      receivers: { otlp: { protocols: { http: { endpoint: `127.0.0.1:${otlp}` } } } },
      exporters: {
        prometheus: { endpoint: `127.0.0.1:${metrics}` },
        'crowdsec/waf': {
          endpoint: this.lapi.url,
          api_key: 'key-of-the-waf',
          interval: '2s',
          metrics: [
            {
              match: metric,
              where: { [where[0]]: where[1] },
              item: 'dropped',
              unit: 'request',
              origin: 'waf',
              remediation: 'ban',
            },
          ],
        },
      },
      extensions: { file_storage: { directory: join(this.#directory, 'data') } },
      service: {
        extensions: ['file_storage'],
        pipelines: { 'metrics/waf': { receivers: ['otlp'], exporters: ['prometheus', 'crowdsec/waf'] } },
      },
    };
    await writeFile(this.#path('collector.yaml'), JSON.stringify(collector));
    await writeFile(this.#path('bridge.yaml'), JSON.stringify(bridge));
  }

  #path(name: string): string {
    return join(this.#directory, name);
  }

  async #run(part: Part): Promise<void> {
    const { file, args, ready } = this.#program;
    const how = {
      program: { file, args: args(this.#ports), ready },
      collector: {
        file: this.#collector,
        args: ['--config', this.#path('collector.yaml')],
        ready: [/Everything is ready/],
      },
      bridge: { file: process.execPath, args: [MAIN, '--config', this.#path('bridge.yaml')], ready: [/Ready:/] },
    }[part];
    this.#running.set(part, await RunningProcess.start(how));
  }

  /** Without a word, and starts it again. */
  async kill(part: Part): Promise<void> {
    await this.#running.get(part)!.stop('SIGKILL');
    await this.#run(part);
  }

  async deny(requests: number): Promise<void> {
    for (let request = 0; request < requests; request++) {
      const { status } = await fetch(`http://127.0.0.1:${this.#ports.web}/admin`);
      if (status !== 403) throw new Error(`the program answered ${status}`);
    }
  }

  /** What the bridge shows to Prometheus; undefined when it does not answer. */
  async shown(metric: string, labels: readonly string[] = []): Promise<Record<string, number> | undefined> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#ports.metrics}/metrics`);
      return sumByLabels(await response.text(), metric, labels);
    } catch {
      return undefined;
    }
  }

  /** Requests denied, by the bridge's total. */
  async denied(): Promise<number | undefined> {
    const { shown, where } = this.#program;
    return (await this.shown(shown, [where[0]]))?.[where[1]];
  }
}

const patience = { timeout: 60_000, interval: 200 };

async function countsExactly(chain: Chain): Promise<void> {
  const denied = () => chain.denied();
  await expect.poll(denied, patience).toBe(0);
  let sent = 0;
  for (let round = 0; round < 3 * KILLS; round++) {
    const some = 1 + ((round * 7) % 23);
    await chain.deny(some);
    sent += some;
    // What a program counted and told nobody is lost with it: so it is killed when all was told.
    await expect.poll(denied, patience).toBe(sent);
    await chain.kill((['collector', 'bridge', 'program'] as const)[round % 3]!);
  }
  await expect.poll(denied, patience).toBe(sent);
  const counted = () => chain.lapi.counts('waf').waf?.dropped?.request;
  await expect.poll(counted, patience).toBe(sent);
}

describeWith(['otelcol'], 'A program that sends to a Collector, before the bridge', ({ otelcol }) => {
  test('is counted exactly, at Prometheus and in windows, over ten kills of each of the three', async () => {
    const program: Program = {
      file: process.execPath,
      args: ({ web, between }) => [PROGRAM, String(web), `http://127.0.0.1:${between}`],
      ready: [/Counting/],
      receivers: ({ between }) => ({ otlp: { protocols: { http: { endpoint: `127.0.0.1:${between}` } } } }),
      metric: 'waf.requests.denied',
      shown: 'waf_requests_denied_total',
      where: ['rule', 'admin'],
    };
    await countsExactly(await Chain.start(program, otelcol));
  }, 600_000);
});
