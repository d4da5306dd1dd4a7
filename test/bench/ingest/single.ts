import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { askProbe } from '../ask-probe.ts';
import { type Benchmark, boundRow, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client, percentile } from '../http-client.ts';
import type { ProbeReading } from '../probe.ts';
import { BareFile, cpuOf } from '../storage/bare-append.ts';
import { warmUp } from './beside-parse.ts';

const TURNS = 10;

/** What of a request has to be durable. */
const RECORD = Buffer.alloc(300, 1);

/**
 * Requests with one report, as Couic sends most, against a bare Fastify route that reads the body and answers 200. On one
 * connection each waits for a commit of its own: a bare append and sync is added to the route. On 32 they share commits.
 */
export const single: Benchmark = {
  name: 'single',
  async run({ smoke, runs }) {
    const rows = [];
    const directory = BridgeProcess.newDirectory();
    // A Couic has one request under way: so many connections are so many Couic.
    const instances = Array.from({ length: 32 }, (_, index) => `couic-${index}`);
    const bridge = await BridgeProcess.start(directory, instances);
    const file = new BareFile(join(directory, 'file'));
    const paths = bridge.pathsOf(instances);
    const bare = fork(new URL('./bare-route.js', import.meta.url), {
      execArgv: ['--import', new URL('../probe.js', import.meta.url).href],
    });
    try {
      const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
      const source = new ReportSource();
      const perTurn = smoke ? 20 : 500;
      let accepted = 0;
      for (const { connections, reference: what, appends, atMost } of [
        { connections: 1, reference: 'bare Fastify route, and a bare append and sync', appends: 1, atMost: 1.4 },
        { connections: 32, reference: 'bare Fastify route', appends: 0, atMost: 1.8 },
      ] as const) {
        const clients = { bare: new Client(port, connections), bridge: new Client(bridge.port, connections) };
        const pairs = [];
        const p99 = [];
        await warmUp(clients.bare, '/v1/reports', () => source.body(1), smoke ? 20 : 10_000);
        const before = source.made;
        await warmUp(clients.bridge, paths, () => source.body(1), smoke ? 20 : 10_000);
        for (let run = 0; run < runs; run++) {
          let [measured, reference] = [0, 0];
          clients.bridge.times = [];
          for (let turn = 0; turn < TURNS; turn++) {
            const bodies = Array.from({ length: perTurn }, () => source.body(1));
            await askProbe(bare, 'mark');
            await clients.bare.post('/v1/reports', bodies);
            reference += ((await askProbe(bare, 'read')) as ProbeReading).cpu;
            const calls = appends * perTurn;
            if (calls > 0) reference += calls * (await cpuOf(calls, () => file.append(RECORD)));
            await bridge.mark();
            await clients.bridge.post(paths, bodies);
            measured += (await bridge.read()).cpu;
          }
          pairs.push({ measured: measured / (TURNS * perTurn), reference: reference / (TURNS * perTurn) });
          p99.push(percentile(clients.bridge.times, 0.99));
        }
        mustEqual('accepted', clients.bridge.accepted, source.made - before);
        accepted += clients.bridge.accepted;
        await clients.bare.close();
        await clients.bridge.close();
        const name = `single reports, ${connections} connection${connections > 1 ? 's' : ''}`;
        rows.push(ratioRow(name, 'µs CPU a request', pairs, what, atMost));
        rows.push(boundRow(`${name}: p99 of the answer`, 'ms', p99, 20));
      }
      mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), accepted);
    } finally {
      bare.kill();
      file.close();
      await bridge.stop();
      BridgeProcess.remove(directory);
    }
    return rows;
  },
};
