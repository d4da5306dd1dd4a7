import { type Benchmark, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { Client } from '../http-client.ts';
import { warmUp } from './beside-parse.ts';

const SIZE = 1000;

/** The first reports after a start, when V8 has compiled nothing yet, beside later ones of the same process. */
export const first: Benchmark = {
  name: 'first',
  async run({ smoke, runs }) {
    const reports = smoke ? 2 * SIZE : 100_000;
    const pairs = [];
    for (let run = 0; run < runs; run++) {
      const directory = BridgeProcess.newDirectory();
      const bridge = await BridgeProcess.start(directory);
      const client = new Client(bridge.port);
      try {
        const source = new ReportSource();
        const measure = async () => {
          const bodies = Array.from({ length: reports / SIZE }, () => source.body(SIZE));
          await bridge.mark();
          await client.post(bridge.pathOf(), bodies);
          return (await bridge.read()).cpu / reports;
        };
        const measured = await measure();
        await warmUp(client, bridge.pathOf(), () => source.body(5), smoke ? 20 : 6000);
        await measure();
        pairs.push({ measured, reference: await measure() });
        mustEqual('accepted', client.accepted, source.made);
      } finally {
        await client.close();
        await bridge.stop();
        BridgeProcess.remove(directory);
      }
    }
    const name = `the first ${reports.toLocaleString('en')} reports after a start, batches of ${SIZE}`;
    return [ratioRow(name, 'µs CPU a report', pairs, 'later ones', 2)];
  },
};
