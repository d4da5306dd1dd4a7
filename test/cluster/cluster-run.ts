import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { activeRules, Model } from '../faults/crash/model.ts';
import { BulkServer } from '../support/bulk-api/server.ts';
import { SimulatedCouic } from '../support/couic-sim/couic.ts';
import { below, pick, type Random, seededRandom } from '../support/couic-sim/random.ts';
import { Workload } from '../support/couic-sim/workload.ts';
import { LapiServer } from '../support/lapi/server.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { mountTmpfs, type Tmpfs } from '../support/tmpfs.ts';
import { Balancer } from './tools/balancer.ts';
import { type ClusterBridge, startBridges } from './tools/cluster-bridge.ts';
import { NatsCluster } from './tools/nats-cluster.ts';
import type { NatsNode } from './tools/nats-node.ts';

const STREAM = 'cluster';
const LIFETIME_S = 4;
/** Couic's own, but for the longest pause: else an outage of seconds costs minutes. */
const TIMINGS = { look: 100, timeout: 2000, backoff: 1000, maxBackoff: 2000 };
/** How long all of it may take to come to what is true, once nothing is in its way. */
const SETTLE_MS = 90_000;

export const FAULTS = [
  'the bridge with the lease is killed',
  'a bridge is killed',
  'a bridge is stopped in order',
  'the bridge with the lease stands still',
  'a bridge stands still',
  'the server that leads is killed',
  'a server is killed',
  'a server stands still',
  'the bridge with the lease is cut off',
  'nothing comes to a bridge',
  'nothing goes from a bridge',
  'two servers are killed',
  'the clock of a bridge is minutes off',
  'the disk of a server is full',
  'the server that leads is apart, with a bridge',
  'the server that leads is apart, without a bridge',
  'a server is apart',
  'nothing comes to the server that leads',
  'nothing goes from the server that leads',
  'all servers are apart',
] as const;
export type Fault = (typeof FAULTS)[number];

interface Reporter {
  readonly name: string;
  readonly couic: SimulatedCouic;
  readonly model: Model;
  readonly workloads: readonly Workload[];
}

interface Outcome {
  readonly reports: Record<string, number>;
  readonly active: Record<string, number>;
}

export interface ClusterResult {
  readonly faults: Record<string, number>;
  readonly reports: number;
  readonly attempts: number;
  readonly failedAttempts: number;
  readonly starts: number;
  /** Of the balancer, by status. */
  readonly answers: Record<string, number>;
  readonly windows: number;
  /** The longest time in which a Couic had no answer with 2xx, ms, by what had happened. */
  readonly longest: Record<string, number>;
  readonly expected: Outcome & { readonly dropped: Record<string, number>; readonly events: Record<string, number> };
  /** Of each bridge. */
  readonly actual: readonly Outcome[];
  readonly dropped: Record<string, number>;
  readonly events: Record<string, number>;
}

/** Three bridges on three NATS servers, three Couics that report to any of them, and so many things that go wrong. */
export async function clusterRun(
  binary: string,
  seed: number,
  faults: number,
  log: (line: string) => void,
): Promise<ClusterResult> {
  const run = new ClusterRun(binary, seed);
  try {
    await run.start();
    for (let i = 0; i < faults; i++) {
      const fault = run.next(i);
      await run.suffer(fault);
      log(`${i + 1} of ${faults}, ${fault}: ${run.summary()}`);
    }
    return await run.finish();
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${run.logs()}`, { cause: error });
  } finally {
    await run.remove();
  }
}

class ClusterRun {
  readonly #binary: string;
  readonly #random: Random;
  readonly #lapi = new LapiServer();
  readonly #siem: BulkServer;
  readonly #counts: Record<string, number> = {};
  readonly #longest: Record<string, number> = {};
  #tmpfs: Tmpfs | undefined;
  #nats!: NatsCluster;
  #bridges: ClusterBridge[] = [];
  #balancer!: Balancer;
  #couics: Reporter[] = [];
  #traffic: Promise<void> = Promise.resolve();
  #isRunning = true;
  #fault: Fault | 'the start' = 'the start';
  /** Process that has the lease. */
  #holder: number | undefined;

  constructor(binary: string, seed: number) {
    this.#binary = binary;
    this.#random = seededRandom(seed);
    this.#siem = new BulkServer(seededRandom(seed + 1));
  }

  async start(): Promise<void> {
    await this.#lapi.start();
    await this.#siem.start();
    this.#tmpfs = mountTmpfs('96m');
    this.#nats = await NatsCluster.start(this.#binary, [undefined, undefined, this.#tmpfs?.path]);
    const names = ['edge-1', 'edge-2', 'edge-3'];
    const instances = names.map((name) => ({ name, token: randomUUID() }));
    const natsPorts = this.#nats.nodes.map(({ port }) => port);
    const options = { natsPorts, stream: STREAM, instances, lapi: this.#lapi.url, siem: this.#siem.url };
    await startBridges(3, options, this.#bridges);
    this.#balancer = await new Balancer(this.#random, this.#bridges).open();
    this.#couics = instances.map(({ name, token }) => this.#couic(name, token));
    for (const { couic } of this.#couics) couic.start();
    this.#traffic = this.#workAll();
    await sleep(3000);
  }

  #couic(name: string, token: string): Reporter {
    const model = new Model();
    let answeredAt = performance.now();
    const couic = new SimulatedCouic({
      webhook: `http://127.0.0.1:${this.#balancer.port}/v1/reports/${token}`,
      timings: TIMINGS,
      onReport: (report, queued) => {
        if (!queued) throw new Error('the channel of the simulated Couic is full: the run is too fast');
        model.count(report);
      },
      onAttempt: (_reports, outcome) => {
        if (!('status' in outcome) || outcome.status >= 300) return;
        const now = performance.now();
        this.#longest[this.#fault] = Math.max(this.#longest[this.#fault] ?? 0, Math.round(now - answeredAt));
        answeredAt = now;
      },
    });
    const common = { random: this.#random, tags: [null, 'ssh', 'scan', 'web'] };
    const workloads = [LIFETIME_S, 0].map((lifetime) => new Workload(couic.firewall, { ...common, lifetime }));
    return { name, couic, model, workloads };
  }

  async #workAll(): Promise<void> {
    const random = this.#random;
    while (this.#isRunning) {
      await sleep(20 + below(random, 80));
      for (const { couic, workloads } of this.#couics) {
        couic.firewall.expire();
        for (let i = 1 + below(random, 3); i > 0; i--) pick(random, workloads).step();
      }
    }
  }

  /** Each once, in any order, then any. */
  next(turn: number): Fault {
    const all = FAULTS.filter((fault) => this.#tmpfs !== undefined || fault !== 'the disk of a server is full');
    return turn < all.length ? all[turn]! : pick(this.#random, all);
  }

  async suffer(fault: Fault): Promise<void> {
    this.#fault = fault;
    this.#counts[fault] = (this.#counts[fault] ?? 0) + 1;
    const random = this.#random;
    const holder = async () => {
      const pid = await this.#nats.holderOf(STREAM);
      return this.#bridges.find((bridge) => bridge.pid === pid) ?? pick(random, this.#bridges);
    };
    const leader = async () => (await this.#nats.leaderOf(STREAM)) ?? pick(random, this.#nats.nodes);
    const bridge = pick(random, this.#bridges);
    switch (fault) {
      case 'the bridge with the lease is killed':
        (await holder()).kill('SIGKILL');
        await sleep(12_000);
        break;
      case 'a bridge is killed':
        bridge.kill('SIGKILL');
        await sleep(3000);
        break;
      case 'a bridge is stopped in order':
        await bridge.stop();
        await sleep(2000);
        await bridge.start();
        break;
      case 'the bridge with the lease stands still':
        await this.#standStill((await holder()).pid, 14_000);
        break;
      case 'a bridge stands still':
        await this.#standStill(bridge.pid, 3000 + below(random, 12_000));
        break;
      case 'the server that leads is killed':
        await this.#killServers([await leader()], 8000);
        break;
      case 'a server is killed':
        await this.#killServers([pick(random, this.#nats.nodes)], 5000);
        break;
      case 'a server stands still':
        await this.#standStill(pick(random, this.#nats.nodes).pid, 3000 + below(random, 9000));
        break;
      case 'the bridge with the lease is cut off':
        await this.#cut(await holder(), 'both', 14_000);
        break;
      case 'nothing comes to a bridge':
        await this.#cut(bridge, 'to the client', 3000 + below(random, 12_000));
        break;
      case 'nothing goes from a bridge':
        await this.#cut(bridge, 'to the server', 3000 + below(random, 12_000));
        break;
      case 'two servers are killed':
        await this.#killServers(this.#nats.nodes.slice(0, 2), 6000);
        break;
      case 'the clock of a bridge is minutes off':
        await bridge.stop();
        await bridge.start(pick(random, [-300_000, 180_000]));
        await sleep(8000);
        await bridge.stop();
        await bridge.start();
        break;
      case 'the disk of a server is full':
        await this.#fillDisk();
        break;
      case 'the server that leads is apart, with a bridge':
        await this.#part(await leader(), 'both', 'some');
        break;
      case 'the server that leads is apart, without a bridge':
        await this.#part(await leader(), 'both', 'none');
        break;
      case 'a server is apart':
        await this.#part(pick(random, this.#nats.nodes), 'both');
        break;
      case 'nothing comes to the server that leads':
        await this.#part(await leader(), 'to it', 'some');
        break;
      case 'nothing goes from the server that leads':
        await this.#part(await leader(), 'from it', 'some');
        break;
      case 'all servers are apart':
        this.#nats.links.cut(() => true);
        await this.#untilPartIsOver();
        break;
    }
    await this.#whole();
  }

  async #standStill(pid: number, milliseconds: number): Promise<void> {
    process.kill(pid, 'SIGSTOP');
    await sleep(milliseconds);
    process.kill(pid, 'SIGCONT');
  }

  async #cut(
    bridge: ClusterBridge,
    cut: 'both' | 'to the client' | 'to the server',
    milliseconds: number,
  ): Promise<void> {
    bridge.cut(cut);
    await sleep(milliseconds);
    bridge.cut('none');
  }

  /** @param bridges - how many are connected to it at the beginning; undefined: as it comes. */
  async #part(node: NatsNode, cut: 'both' | 'to it' | 'from it', bridges?: 'some' | 'none'): Promise<void> {
    const { nodes, links } = this.#nats;
    const apart = nodes.indexOf(node);
    const others = [0, 1, 2].filter((index) => index !== apart);
    if (bridges === 'some') await pick(this.#random, this.#bridges).moveTo([apart]);
    if (bridges === 'none')
      for (const bridge of this.#bridges) if (bridge.server === apart) await bridge.moveTo(others);
    links.cut((from, to) => (cut !== 'to it' && from === apart) || (cut !== 'from it' && to === apart));
    await this.#untilPartIsOver();
  }

  /** A leader that is alone notices it after 10 s: before that it is healed, or after. */
  async #untilPartIsOver(): Promise<void> {
    await sleep(5000 + below(this.#random, 20_000));
    this.#nats.links.cut(() => false);
  }

  async #killServers(nodes: readonly NatsNode[], milliseconds: number): Promise<void> {
    await Promise.all(nodes.map((node) => node.stop('SIGKILL')));
    await sleep(milliseconds);
    await Promise.all(nodes.map((node) => node.start()));
  }

  /** All of the third server's; what it then does is its own matter. Room is made, and it is started again. */
  async #fillDisk(): Promise<void> {
    const file = join(this.#tmpfs!.path, 'full');
    try {
      writeFileSync(file, Buffer.alloc(96 * 1024 * 1024));
    } catch {}
    await sleep(6000);
    await rm(file, { force: true });
    const node = this.#nats.nodes[2]!;
    await node.stop('SIGKILL');
    await node.start();
  }

  /** Waits until the stream has all its copies, every bridge is well, somebody has the lease, and every Couic its answers. */
  async #whole(): Promise<void> {
    const end = performance.now() + SETTLE_MS;
    const isWell = async () =>
      (await this.#nats.whole(STREAM)) &&
      this.#balancer.well === this.#bridges.length &&
      this.#bridges.some(({ pid }) => pid === this.#holder) &&
      this.#couics.every(({ couic }) => couic.waiting < 50);
    for (;;) {
      this.#holder = await this.#nats.holderOf(STREAM);
      if (await isWell()) break;
      if (performance.now() > end) throw new Error(`after ${this.#fault} the cluster did not come to itself`);
      await sleep(250);
    }
    await sleep(1000);
  }

  summary(): string {
    const sum = (of: (each: Reporter) => number) => this.#couics.reduce((total, each) => total + of(each), 0);
    return `${sum(({ model }) => model.total)} reports, ${sum(({ couic }) => couic.counts.failures)} of ${sum(({ couic }) => couic.counts.attempts)} requests failed, longest pause ${this.#longest[this.#fault] ?? 0} ms, answers ${JSON.stringify(this.#balancer.answers)}`;
  }

  logs(): string {
    return this.#bridges.map(({ process }, index) => `bridge ${index}:\n${process.output.slice(-6000)}`).join('\n');
  }

  async finish(): Promise<ClusterResult> {
    this.#isRunning = false;
    await this.#traffic;
    for (const { couic } of this.#couics) await couic.drained();
    // Rules of a limited time are over on both sides before they are compared.
    await sleep((LIFETIME_S + 3) * 1000);
    this.#siem.faulty = 0;
    const expected = this.#expected();
    const actual = await this.#settled(expected);
    const expired = sumByLabels(await this.#bridges[0]!.scrape(), 'couic_rule_expirations_total', [
      'couic_instance_name',
    ]);
    const events = this.#expectedEvents(expired);
    const until = performance.now() + SETTLE_MS;
    while (
      performance.now() < until &&
      !(isDeepStrictEqual(this.#events(), events) && isDeepStrictEqual(this.#dropped(), expected.dropped))
    )
      await sleep(250);
    return {
      faults: this.#counts,
      reports: this.#couics.reduce((sum, { model }) => sum + model.total, 0),
      attempts: this.#couics.reduce((sum, { couic }) => sum + couic.counts.attempts, 0),
      failedAttempts: this.#couics.reduce((sum, { couic }) => sum + couic.counts.failures, 0),
      starts: this.#bridges.reduce((sum, { starts }) => sum + starts, 0),
      answers: this.#balancer.answers,
      windows: this.#lapi.pushes.length,
      longest: this.#longest,
      expected: { ...expected, events },
      actual,
      dropped: this.#dropped(),
      events: this.#events(),
    };
  }

  async remove(): Promise<void> {
    this.#isRunning = false;
    await this.#traffic.catch(() => {});
    await Promise.all(this.#couics.map(({ couic }) => couic.stop()));
    this.#balancer?.close();
    await Promise.all(this.#bridges.map((bridge) => bridge.remove()));
    await this.#nats?.remove();
    await this.#lapi.stop();
    await this.#siem.stop();
    this.#tmpfs?.unmount();
  }

  #expected() {
    const reports: Record<string, number> = {};
    const active: Record<string, number> = {};
    const dropped: Record<string, number> = {};
    for (const { name, couic, model } of this.#couics) {
      for (const [key, count] of Object.entries(model.reports)) reports[`${name} ${key}`] = count;
      for (const [key, count] of Object.entries(activeRules(couic.firewall))) active[`${name} ${key}`] = count;
      for (const [tag, count] of Object.entries(model.dropped)) dropped[tag] = (dropped[tag] ?? 0) + count;
    }
    return { reports: sorted(reports), active: sorted(active), dropped: sorted(dropped) };
  }

  /** What every bridge shows, once it is what is expected, or does not come to it. */
  async #settled({ reports, active }: Outcome): Promise<Outcome[]> {
    const end = performance.now() + SETTLE_MS;
    for (;;) {
      const shown = await Promise.all(this.#bridges.map((bridge) => shownBy(bridge)));
      if (shown.every((each) => isDeepStrictEqual(each, { reports, active })) || performance.now() > end) return shown;
      await sleep(500);
    }
  }

  #expectedEvents(expired: Readonly<Record<string, number>>): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { name, model } of this.#couics) {
      const of = (action: string) =>
        Object.entries(model.reports).reduce((sum, [key, count]) => sum + (key.startsWith(action) ? count : 0), 0);
      counts[`${name} couic.rule.added`] = of('add ');
      counts[`${name} couic.rule.removed`] = of('remove ');
      counts[`${name} couic.rule.expired`] = expired[name] ?? 0;
    }
    return sorted(counts);
  }

  /** Of its own Couics: a bridge of another test may still send to a port that was its stand-in's. */
  #events(): Record<string, number> {
    const isOwn = (key: string) => this.#couics.some(({ name }) => key.startsWith(`${name} `));
    return sorted(Object.fromEntries(Object.entries(this.#siem.byAction()).filter(([key]) => isOwn(key))));
  }

  #dropped(): Record<string, number> {
    const dropped: Record<string, number> = {};
    for (const [origin, names] of Object.entries(this.#lapi.counts())) {
      const value = names.dropped?.report;
      if (value !== undefined) dropped[origin.replace(/^couic:?/, '')] = value;
    }
    return sorted(dropped);
  }
}

async function shownBy(bridge: ClusterBridge): Promise<Outcome> {
  const text = await bridge.scrape();
  const rule = ['couic_rule_policy', 'couic_rule_tag', 'network_type'];
  return {
    reports: sorted(sumByLabels(text, 'couic_reports_total', ['couic_instance_name', 'couic_report_action', ...rule])),
    active: sorted(sumByLabels(text, 'couic_rule_active', ['couic_instance_name', ...rule])),
  };
}

function sorted(values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
