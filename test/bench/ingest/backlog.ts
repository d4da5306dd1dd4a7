import { type Benchmark, boundRow, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { warmUp } from './beside-parse.ts';

const MIB = 1024 * 1024;
const SIZE = 4096;

/** One body of 100 MB, as after hours of an outage: as cheap a report as in ordinary batches, and no memory of it. */
export const backlog: Benchmark = {
  name: 'backlog',
  async run({ smoke, runs }) {
    const reports = smoke ? 10_000 : 400_000;
    const pairs = [];
    const growth = [];
    const stalls = [];
    for (let run = 0; run < runs; run++) {
      const directory = BridgeProcess.newDirectory();
      const bridge = await BridgeProcess.start(directory);
      const client = new Client(bridge.port);
      try {
        const source = new ReportSource();
        // Warm: code compiled, tables of this many rules grown, so that what grows is the body's.
        await warmUp(client, bridge.pathOf(), () => source.body(5), smoke ? 20 : 6000);
        for (let sent = 0; sent < reports; sent += SIZE) await client.post(bridge.pathOf(), [source.body(SIZE)]);
        await bridge.watch();
        const batches = Array.from({ length: Math.ceil(reports / SIZE) }, () => source.body(SIZE));
        await bridge.mark();
        await client.post(bridge.pathOf(), batches);
        const inBatches = (await bridge.read()).cpu / (batches.length * SIZE);

        const body = source.body(reports);
        await bridge.mark();
        const before = await bridge.read();
        await client.post(bridge.pathOf(), [body]);
        const { cpu, maxRss, longestStall } = await bridge.read();
        mustEqual('accepted', client.accepted, source.made);
        pairs.push({ measured: cpu / reports, reference: inBatches });
        growth.push((maxRss - before.rss) / MIB);
        stalls.push(longestStall);
      } finally {
        await client.close();
        await bridge.stop();
        BridgeProcess.remove(directory);
      }
    }
    return [
      ratioRow('one body of 100 MB', 'µs CPU a report', pairs, 'the same in batches of 4,096', 1.1),
      boundRow('one body of 100 MB: growth of RSS', 'MiB', growth, 64),
      boundRow('one body of 100 MB: longest stall', 'ms', stalls, 50),
    ];
  },
};
