import { type Benchmark, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { parseTime, postAll } from '../http-client.ts';

/** The whole server against `JSON.parse` of the same bytes alone, by CPU of the server's process. */
export const batches: Benchmark = {
  name: 'batches',
  async run({ smoke, runs }) {
    const rows = [];
    for (const [size, atMost] of [
      [1000, 1.15],
      [4096, 1.1],
      [50, 3],
    ] as const) {
      const directory = BridgeProcess.newDirectory();
      const bridge = await BridgeProcess.start(directory);
      try {
        const source = new ReportSource();
        const count = Math.ceil((smoke ? 2000 : 200_000) / size);
        const pairs = [];
        // The first round warms both up and is not counted.
        for (let run = 0; run <= runs; run++) {
          const bodies = Array.from({ length: count }, () => source.body(size));
          const parse = parseTime(bodies);
          await bridge.reset();
          const { answers } = await postAll(bridge.port, bridge.pathOf(), bodies, 1);
          const { cpu } = await bridge.read();
          mustEqual(
            'accepted',
            answers.reduce((sum, { accepted }) => sum + accepted, 0),
            count * size,
          );
          const reports = count * size;
          if (run > 0 || smoke) pairs.push({ measured: cpu / reports, reference: parse / reports });
        }
        mustEqual('couic_reports_total', await bridge.total('couic_reports_total'), count * size * (runs + 1));
        rows.push(ratioRow(`whole server, batches of ${size}`, 'µs CPU a report', pairs, 'JSON.parse alone', atMost));
      } finally {
        await bridge.stop();
        BridgeProcess.remove(directory);
      }
    }
    return rows;
  },
};
