import { type Benchmark, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { besideParse, warmUp } from './beside-parse.ts';

const CASES = [
  { size: 1000, connections: 1, atMost: 1.15 },
  { size: 4096, connections: 1, atMost: 0.85 },
  { size: 50, connections: 1, atMost: 3 },
  { size: 50, connections: 32, atMost: 3 },
] as const;
const SMALL = 5;

/** The whole server against `JSON.parse` of the same bytes alone, by CPU of the server's process. */
export const batches: Benchmark = {
  name: 'batches',
  async run({ smoke, runs }) {
    const rows = [];
    for (const { size, connections, atMost } of CASES) {
      const directory = BridgeProcess.newDirectory();
      // A Couic has one request under way: so many connections are so many Couic.
      const instances = Array.from({ length: connections }, (_, index) => `couic-${index}`);
      const bridge = await BridgeProcess.start(directory, instances);
      const paths = bridge.pathsOf(instances);
      const client = new Client(bridge.port, connections);
      try {
        const source = new ReportSource();
        const requests = smoke ? 20 : 6000;
        await warmUp(client, paths, () => source.body(SMALL), requests);
        const count = Math.ceil((smoke ? 2000 : 200_000) / size);
        const post = (bodies: readonly Buffer[]) => client.post(paths, bodies);
        const next = (n: number) => Array.from({ length: n }, () => source.body(size));
        const pairs = [];
        // The first rounds are for V8, too.
        for (let run = smoke ? 0 : -2; run < runs; run++) {
          const pair = await besideParse(bridge, post, next, count, size);
          if (run >= 0) pairs.push(pair);
        }
        mustEqual('accepted', client.accepted, source.made);
        mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), source.made);
        const name = `whole server, batches of ${size}${connections > 1 ? ` on ${connections} connections` : ''}`;
        rows.push(ratioRow(name, 'µs CPU a report', pairs, 'JSON.parse alone', atMost));
      } finally {
        await client.close();
        await bridge.stop();
        BridgeProcess.remove(directory);
      }
    }
    return rows;
  },
};
