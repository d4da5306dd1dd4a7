import { setTimeout as sleep } from 'node:timers/promises';
import { median, mustEqual, type Row, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { byTheClock } from './by-the-clock.ts';
import { onServers } from './on-servers.ts';
import type { Servers } from './servers.ts';

const COUICS = [1, 10, 100] as const;
const SENDERS = 32;
/** Requests of a turn, by the reports of each. */
const SIZES = [
  { size: 1, perTurn: 1000 },
  { size: 1000, perTurn: 64 },
] as const;
const WARM = 3000;
/** What other bridges may still be at when the answers are there. */
const SETTLE_MS = 300;

/** A request when so many Couics send at once, and what further bridges on the log cost. */
export const jetStreamGrowth = onServers('jetstreamGrowth', [3], grow);

async function grow(servers: Servers, runs: number): Promise<Row[]> {
  const instances = Array.from({ length: COUICS.at(-1)! }, (_, index) => `couic-${index}`);
  const directories = Array.from({ length: 3 }, () => BridgeProcess.newDirectory());
  const bridges: BridgeProcess[] = [];
  const source = new ReportSource();
  try {
    bridges.push(await servers.bridge(directories[0]!, instances));
    const paths = bridges[0]!.pathsOf(instances);
    await posted([bridges[0]!], paths, SENDERS, (post) => post(bodies(source, 1, WARM)));
    const rows = [await overCouics(bridges[0]!, paths, source, runs)];
    for (const directory of directories.slice(1)) bridges.push(await servers.bridge(directory, instances));
    await posted(bridges, paths, SENDERS, (post) => post(bodies(source, 1, WARM)));
    for (const { size, perTurn } of SIZES)
      rows.push(await overBridges(servers, bridges, paths, source, size, perTurn, runs));
    await sleep(SETTLE_MS);
    for (const bridge of bridges)
      mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), source.made);
    return rows;
  } finally {
    for (const bridge of bridges) await bridge.stop();
    for (const directory of directories) BridgeProcess.remove(directory);
  }
}

async function overCouics(
  bridge: BridgeProcess,
  paths: readonly string[],
  source: ReportSource,
  runs: number,
): Promise<Row> {
  const { perTurn } = SIZES[0];
  const points = COUICS.map((couics) => ({
    couics,
    costs: [] as number[],
    rates: [] as number[],
    times: [] as number[],
  }));
  // The first round is for V8.
  for (let run = -1; run < runs; run++)
    for (const { couics, costs, rates, times } of points) {
      await posted([bridge], paths, couics, async (post, client) => {
        const next = bodies(source, 1, perTurn);
        await bridge.mark();
        const seconds = await post(next);
        const { cpu } = await bridge.read();
        if (run < 0) return;
        costs.push(cpu / perTurn);
        rates.push(perTurn / seconds);
        times.push(...client.times);
      });
    }
  const [one, ...others] = points;
  const hundred = others.at(-1)!;
  const pairs = hundred.costs.map((measured, run) => ({ measured, reference: one!.costs[run]! }));
  const row = ratioRow('single reports, of 100 Couics at once', 'µs CPU a request', pairs, 'of one', 1.2);
  const clock = points.map(({ couics, rates, times }) => `${couics}: ${byTheClock(times, rates)}`).join('; ');
  return { ...row, measured: `${row.measured} (10: ${median(others[0]!.costs).toFixed(0)}); ${clock}` };
}

/** All to the first bridge, so that the others only fold; then to all. */
async function overBridges(
  servers: Servers,
  bridges: readonly BridgeProcess[],
  paths: readonly string[],
  source: ReportSource,
  size: number,
  perTurn: number,
  runs: number,
): Promise<Row> {
  const pairs: { measured: number; reference: number }[] = [];
  const spread: { cost: number[]; rates: number[]; times: number[]; server: number[] } = {
    cost: [],
    rates: [],
    times: [],
    server: [],
  };
  const turn = (targets: readonly BridgeProcess[]) =>
    posted(targets, paths, SENDERS, async (post, client) => {
      const next = bodies(source, size, perTurn);
      for (const bridge of bridges) await bridge.mark();
      servers.mark();
      const seconds = await post(next);
      await sleep(SETTLE_MS);
      const cpu = [];
      for (const bridge of bridges) cpu.push((await bridge.read()).cpu / perTurn / size);
      return { cpu, server: servers.read() / perTurn, rate: perTurn / seconds, times: client.times };
    });
  for (let run = -1; run < runs; run++) {
    const one = await turn(bridges.slice(0, 1));
    const all = await turn(bridges);
    if (run < 0) continue;
    const [taking, ...folding] = one.cpu;
    pairs.push({ measured: folding.reduce((sum, each) => sum + each, 0) / folding.length, reference: taking! });
    spread.cost.push(all.cpu.reduce((sum, each) => sum + each, 0));
    spread.rates.push(all.rate);
    spread.server.push(all.server);
    spread.times.push(...all.times);
  }
  const name = `a further bridge, ${size === 1 ? 'single reports' : `batches of ${size}`}`;
  const row = ratioRow(name, 'µs CPU a report', pairs, 'the one that takes them', 0.7);
  return {
    ...row,
    measured: `${row.measured}; shared by three: ${median(spread.cost).toFixed(2)} µs CPU a report of the three, servers ${median(spread.server).toFixed(0)} µs CPU a request, ${byTheClock(spread.times, spread.rates)}`,
  };
}

type Post = (bodies: readonly Buffer[]) => Promise<number>;

/** @param work - is given what posts bodies of so many Couics at once, and says how many seconds that took. */
async function posted<Result>(
  targets: readonly BridgeProcess[],
  paths: readonly string[],
  senders: number,
  work: (post: Post, client: Client) => Promise<Result>,
): Promise<Result> {
  const ports = targets.map(({ port }) => port);
  const client = new Client(ports, senders);
  try {
    return await work(async (bodies) => {
      const start = performance.now();
      await client.post(paths.slice(0, senders), bodies);
      return (performance.now() - start) / 1000;
    }, client);
  } finally {
    await client.close();
  }
}

function bodies(source: ReportSource, size: number, count: number): Buffer[] {
  return Array.from({ length: count }, () => source.body(size));
}
