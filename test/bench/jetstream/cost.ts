import { median, mustEqual, type Row, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { warmUp } from '../ingest/beside-parse.ts';
import { BarePublisher } from './bare-publisher.ts';
import { byTheClock } from './by-the-clock.ts';
import { onServers } from './on-servers.ts';
import type { Servers } from './servers.ts';

const CASES = [
  { size: 1, senders: 1, perTurn: 100, atMost: 1.5 },
  { size: 1, senders: 32, perTurn: 320, atMost: 1.5 },
  { size: 1000, senders: 1, perTurn: 20, atMost: 1.5 },
  { size: 1000, senders: 32, perTurn: 32, atMost: 1.5 },
] as const;
const TURNS = 10;
const WARM = 5000;
const WARM_BARE = 500;

/** What a request costs whose report is on NATS when it is answered, against one on the bridge's own disk and a bare publish of what it writes. */
export const jetStream = onServers('jetstream', [1, 3], cost);

async function cost(servers: Servers, runs: number): Promise<Row[]> {
  const directories = [BridgeProcess.newDirectory(), BridgeProcess.newDirectory()] as const;
  // A Couic has one request under way: so many senders are so many Couic.
  const instances = Array.from({ length: 32 }, (_, index) => `couic-${index}`);
  const embedded = await BridgeProcess.start(directories[0], instances);
  const replicated = await servers.bridge(directories[1], instances);
  const bare = await BarePublisher.start(servers);
  const paths = replicated.pathsOf(instances);
  const sources = { embedded: new ReportSource(), replicated: new ReportSource() };
  const rows: Row[] = [];
  try {
    for (const { bridge, source } of [
      { bridge: embedded, source: sources.embedded },
      { bridge: replicated, source: sources.replicated },
    ]) {
      const client = new Client(bridge.port, instances.length);
      await warmUp(client, paths, () => source.body(1), WARM);
      await client.close();
    }
    for (const { size, senders, perTurn, atMost } of CASES) {
      const clients = {
        embedded: new Client(embedded.port, senders),
        replicated: new Client(replicated.port, senders),
      };
      const bodies = (source: ReportSource) => Array.from({ length: perTurn }, () => source.body(size));
      await clients.replicated.post(paths, bodies(sources.replicated));
      await clients.embedded.post(paths, bodies(sources.embedded));
      const bytes = await servers.recordLength(instances.slice(0, senders));
      await bare.publish({ senders, messages: WARM_BARE, bytes });
      clients.replicated.times = [];
      const [pairs, alone, published, server, rates, bareRates]: [
        { measured: number; reference: number }[],
        ...number[][],
      ] = [[], [], [], [], [], []];
      for (let run = 0; run < runs; run++) {
        const sum = { embedded: 0, replicated: 0, bare: 0, server: 0, seconds: 0, bareSeconds: 0 };
        for (let turn = 0; turn < TURNS; turn++) {
          const next = { embedded: bodies(sources.embedded), replicated: bodies(sources.replicated) };
          await embedded.mark();
          await clients.embedded.post(paths, next.embedded);
          sum.embedded += (await embedded.read()).cpu;
          await replicated.mark();
          servers.mark();
          const start = performance.now();
          await clients.replicated.post(paths, next.replicated);
          sum.seconds += (performance.now() - start) / 1000;
          sum.server += servers.read();
          sum.replicated += (await replicated.read()).cpu;
          const { cpu, seconds } = await bare.publish({ senders, messages: perTurn, bytes });
          sum.bare += cpu;
          sum.bareSeconds += seconds;
        }
        const requests = TURNS * perTurn;
        const reports = requests * size;
        pairs!.push({ measured: sum.replicated / reports, reference: (sum.embedded + sum.bare) / reports });
        alone!.push(sum.embedded / reports);
        published!.push(sum.bare / reports);
        server!.push(sum.server / requests);
        rates!.push(requests / sum.seconds);
        bareRates!.push(requests / sum.bareSeconds);
      }
      const name = `${size === 1 ? 'single reports' : `batches of ${size}`}, ${senders} sender${senders > 1 ? 's' : ''}, ${servers.replicas} cop${servers.replicas > 1 ? 'ies' : 'y'} on JetStream`;
      const what = `file_storage ${median(alone!).toFixed(2)} and a bare publish of ${bytes} B ${median(published!).toFixed(2)}`;
      const row = ratioRow(name, 'µs CPU a report', pairs!, what, atMost);
      rows.push({
        ...row,
        measured: `${row.measured}; ${byTheClock(clients.replicated.times, rates!)} (bare: ${median(bareRates!).toFixed(0)}); servers ${median(server!).toFixed(0)} µs CPU a request`,
      });
      for (const name of ['embedded', 'replicated'] as const) await clients[name].close();
    }
    for (const [bridge, source] of [
      [embedded, sources.embedded],
      [replicated, sources.replicated],
    ] as const)
      mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), source.made);
  } finally {
    await bare.stop();
    await embedded.stop();
    await replicated.stop();
    for (const directory of directories) BridgeProcess.remove(directory);
  }
  return rows;
}
