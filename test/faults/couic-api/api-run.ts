import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { BridgeUnderTest } from '../../support/bridge-under-test.ts';
import type { ApiFault } from '../../support/couic-sim/api-server.ts';
import { below, pick, type Random, seededRandom } from '../../support/couic-sim/random.ts';
import { LapiServer } from '../../support/lapi/server.ts';
import { sumByLabels } from '../../support/parse-exposition.ts';
import { activeRules } from '../crash/model.ts';
import { CLIENTRO, MONITORING, SimulatedHost } from './simulated-host.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
/** How long the bridge may take to come to what is true, once nothing goes on. */
const SETTLE = 30_000;

export interface ApiRunResult {
  checks: number;
  couicRestarts: number;
  bridgeStops: number;
  bridgeKills: number;
  reports: number;
  packets: number;
  /** Rules that reconciliations brought in or took out. */
  corrected: number;
  windows: number;
  expected: Windows;
  actual: Windows;
}

/** `[origin][name unit]` of everything LAPI was told. */
type Windows = Record<string, Record<string, number>>;

const FAULTS: readonly ApiFault[] = [
  { status: 500, body: '{"code":"EINTERNAL","message":"no"}' },
  { status: 502, type: 'text/html', body: '<h1>502</h1>' },
  { half: true },
];

/**
 * Runs a Couic with traffic, peers, set files, expiry and restarts beside a bridge that is stopped and killed, and
 * compares them at every turn: traffic to the packet, rules to the rule, windows to the item. What cannot be known is
 * kept from happening: a counter is read before it falls back to 0.
 */
export async function apiRun(seed: number, seconds: number, log: (line: string) => void): Promise<ApiRunResult> {
  const run = new ApiRun(seed);
  await run.start();
  try {
    const end = performance.now() + seconds * 1000;
    for (let turn = 0; performance.now() < end; turn++) {
      await run.turn();
      if (turn % 20 === 19) log(run.summary());
    }
    return await run.finish();
  } finally {
    await run.stop();
  }
}

class ApiRun {
  readonly #random: Random;
  readonly #bridge = new BridgeUnderTest();
  readonly #lapi = new LapiServer();
  #host!: SimulatedHost;
  #checks = 0;
  #stops = 0;
  #kills = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  async start(): Promise<void> {
    await this.#lapi.start();
    const port = await freePort();
    const socketPath = join(this.#bridge.directory, 'couic.sock');
    this.#host = new SimulatedHost(this.#random, `http://127.0.0.1:${port}/v1/reports/${TOKEN}`, socketPath);
    this.#bridge.write(configuration(port, socketPath, this.#lapi.url));
    await this.#bridge.start();
    await this.#host.start();
    await this.#check();
  }

  async stop(): Promise<void> {
    await this.#host.stop();
    await this.#bridge.remove();
    await this.#lapi.stop();
  }

  /** Things go on for a while, then something happens, then both sides are compared. */
  async turn(): Promise<void> {
    const random = this.#random;
    for (let i = 20 + below(random, 40); i > 0; i--) {
      this.#host.act();
      await sleep(10 + below(random, 20));
    }
    const event = pick(random, ['stop', 'kill', 'restart', 'forget', 'fault', 'nothing'] as const);
    if (event === 'stop' || event === 'kill') await this.#restartBridge(event);
    else if (event === 'fault') await this.#breakApi();
    await this.#check();
    if (event === 'restart') {
      await this.#host.restart();
      await this.#check();
    } else if (event === 'forget') {
      this.#host.forget();
      await this.#readings(2);
      this.#host.anchor();
    }
  }

  summary(): string {
    const { couic, model, restarts } = this.#host;
    return `${this.#checks} comparisons; ${model.total} reports, ${couic.counts.failures} requests failed; Couic restarted ${restarts} times, the bridge stopped ${this.#stops} and killed ${this.#kills} times`;
  }

  /** The bridge ends in order, with a last window. */
  async finish(): Promise<ApiRunResult> {
    await this.#check();
    const corrected = [...this.#bridge.output.matchAll(/of \d+ rules, (\d+) came in and (\d+) went/g)];
    const code = await this.#bridge.stop();
    if (code !== 0) throw new Error(`the bridge ended with ${code}:\n${this.#bridge.output.slice(-2000)}`);
    const packets = this.#host.truth('packets').xdp;
    return {
      checks: this.#checks,
      couicRestarts: this.#host.restarts,
      bridgeStops: this.#stops,
      bridgeKills: this.#kills,
      reports: this.#host.model.total,
      packets: total(packets),
      corrected: corrected.reduce((sum, [, came, went]) => sum + Number(came) + Number(went), 0),
      windows: this.#lapi.pushes.length,
      expected: this.#expectedWindows(),
      actual: this.#actualWindows(),
    };
  }

  async #restartBridge(how: 'stop' | 'kill'): Promise<void> {
    await this.#bridge.stop(how === 'stop' ? 'SIGTERM' : 'SIGKILL');
    if (how === 'stop') this.#stops++;
    else this.#kills++;
    for (let i = below(this.#random, 30); i > 0; i--) {
      this.#host.act();
      await sleep(10);
    }
    await this.#bridge.start();
  }

  async #breakApi(): Promise<void> {
    const fault = pick(this.#random, FAULTS);
    this.#host.api.fault = () => fault;
    for (let i = 60; i > 0; i--) {
      this.#host.act();
      await sleep(20);
    }
    this.#host.api.fault = () => undefined;
  }

  /** So many answers of the API were asked for from now on. */
  async #readings(count: number): Promise<void> {
    const read = () => this.#host.api.requests.filter((path) => path === '/v1/metrics').length;
    const from = read();
    while (read() < from + count) await sleep(20);
  }

  /** Waits until the bridge shows what is true. @throws with the difference when it does not come to it. */
  async #check(): Promise<void> {
    await this.#host.couic.drained();
    const end = performance.now() + SETTLE;
    for (;;) {
      const expected = this.#expected();
      const actual = await this.#actual();
      if (isDeepStrictEqual(actual, expected)) break;
      if (performance.now() > end) {
        throw new Error(
          `the bridge does not show what is true\nexpected ${JSON.stringify(expected)}\nactual   ${JSON.stringify(actual)}\n${this.#bridge.output.slice(-2000)}`,
        );
      }
      await sleep(100);
    }
    this.#checks++;
  }

  #expected() {
    const { model, couic } = this.#host;
    return {
      reports: sorted(model.reports),
      rules: sorted(activeRules(couic.firewall)),
      packets: this.#host.truth('packets'),
      bytes: this.#host.truth('bytes'),
    };
  }

  async #actual() {
    const text = await this.#bridge.scrape();
    const rule = ['couic_rule_policy', 'couic_rule_tag'];
    const traffic = (network: string, tags: string) => ({
      xdp: sumByLabels(text, network, ['couic_xdp_action']),
      // A tag whose first rule was never hit has a total of 0 here, and none there.
      tags: withoutZeros(sumByLabels(text, tags, rule)),
    });
    return {
      reports: sorted(sumByLabels(text, 'couic_reports_total', ['couic_report_action', ...rule, 'network_type'])),
      rules: sorted(sumByLabels(text, 'couic_rule_active', [...rule, 'network_type'])),
      packets: traffic('couic_network_packets_total', 'couic_rule_packets_total'),
      bytes: traffic('couic_network_io_bytes_total', 'couic_rule_io_bytes_total'),
    };
  }

  #expectedWindows(): Windows {
    const { model, couic } = this.#host;
    const packets = this.#host.truth('packets');
    const bytes = this.#host.truth('bytes');
    const windows: Windows = {
      '': {
        'processed report': model.total,
        'processed packet': total(packets.xdp),
        'processed byte': total(bytes.xdp),
      },
    };
    const add = (origin: string, item: string, value: number) => {
      windows[origin] ??= {};
      windows[origin][item] = (windows[origin][item] ?? 0) + value;
    };
    for (const [tag, count] of Object.entries(model.dropped)) add(originOf(tag || 'untagged'), 'dropped report', count);
    for (const [unit, { tags }] of [
      ['packet', packets],
      ['byte', bytes],
    ] as const) {
      for (const [key, count] of Object.entries(tags)) {
        const [policy, tag] = key.split(' ') as [string, string];
        if (policy === 'drop') add(originOf(tag), `dropped ${unit}`, count);
      }
    }
    for (const { tag } of couic.firewall.entries('drop')) add(originOf(tag || 'untagged'), 'active_decisions ip', 1);
    return sortedDeep(windows);
  }

  #actualWindows(): Windows {
    const windows: Windows = {};
    for (const [origin, names] of Object.entries(this.#lapi.counts())) {
      for (const [name, units] of Object.entries(names)) {
        for (const [unit, value] of Object.entries(units)) {
          if (value === 0) continue;
          windows[origin] ??= {};
          windows[origin][`${name} ${unit}`] = value;
        }
      }
    }
    return sortedDeep(windows);
  }
}

function configuration(port: number, socketPath: string, lapi: string): object {
  return {
    receivers: {
      couic: { endpoint: `127.0.0.1:${port}`, log_reports: false, instances: [{ name: 'edge', token: TOKEN }] },
      couic_api: {
        endpoint: `unix://${socketPath}`,
        instance: 'edge',
        token: MONITORING,
        collection_interval: '1s',
        count_from_start: true,
        reconcile: { interval: '1s', token: CLIENTRO },
      },
    },
    exporters: {
      prometheus: { endpoint: '127.0.0.1:0' },
      crowdsec: { endpoint: lapi, api_key: 'test-key', interval: '2s', heartbeat: false },
    },
    extensions: { file_storage: { directory: './state' } },
    service: {
      extensions: ['file_storage'],
      pipelines: { metrics: { receivers: ['couic', 'couic_api'], exporters: ['prometheus', 'crowdsec'] } },
    },
  };
}

function originOf(tag: string): string {
  if (tag === 'untagged') return 'couic';
  return tag.endsWith('.couic') ? `couic:set:${tag.slice(0, -'.couic'.length)}` : `couic:${tag}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function total(values: Record<string, number>): number {
  return Object.values(values).reduce((sum, value) => sum + value, 0);
}

function withoutZeros(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}

function sorted<T>(values: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function sortedDeep(windows: Windows): Windows {
  return sorted(Object.fromEntries(Object.entries(windows).map(([origin, items]) => [origin, sorted(items)])));
}
