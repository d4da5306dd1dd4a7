import { type Benchmark, mustEqual, type Row, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { CouicReportProcess } from '../couic-report-process.ts';
import { Client } from '../http-client.ts';
import { warmUp } from './beside-parse.ts';

const CASES = [
  { size: 1000, atMost: 0.9 },
  { size: 4096, atMost: 0.65 },
] as const;
const TURNS = 20;

/** The whole server beside the program that Couic brings for its webhook, which keeps nothing. Measures nothing without one. */
export const couicReport: Benchmark = {
  name: 'couicReport',
  async run({ smoke, runs }) {
    const program = process.env.COUIC_REPORT;
    if (!program) return [];
    const rows: Row[] = [];
    for (const { size, atMost } of CASES) {
      const directory = BridgeProcess.newDirectory();
      const theirs = await CouicReportProcess.start(program, directory);
      const bridge = await BridgeProcess.start(directory);
      const clients = { theirs: new Client(theirs.port, 1, () => 0), bridge: new Client(bridge.port) };
      try {
        const source = new ReportSource();
        await warmUp(clients.bridge, bridge.pathOf(), () => source.body(5), smoke ? 20 : 6000);
        const perTurn = smoke ? 1 : Math.ceil(200_000 / size / TURNS);
        const turn = async (): Promise<{ measured: number; reference: number }> => {
          const bodies = Array.from({ length: perTurn }, () => source.body(size));
          theirs.mark();
          await clients.theirs.post(theirs.path, bodies);
          const reference = theirs.read();
          await bridge.mark();
          await clients.bridge.post(bridge.pathOf(), bodies);
          return { measured: (await bridge.read()).cpu, reference };
        };
        const pairs = [];
        for (let run = smoke ? 0 : -2; run < runs; run++) {
          const sum = { measured: 0, reference: 0 };
          for (let i = 0; i < TURNS; i++) {
            const { measured, reference } = await turn();
            sum.measured += measured / (TURNS * perTurn * size);
            sum.reference += reference / (TURNS * perTurn * size);
          }
          if (run >= 0) pairs.push(sum);
        }
        mustEqual('accepted', clients.bridge.accepted, source.made);
        rows.push(
          ratioRow(`beside couic-report, batches of ${size}`, 'µs CPU a report', pairs, 'couic-report', atMost),
        );
      } finally {
        await clients.theirs.close();
        await clients.bridge.close();
        await theirs.stop();
        await bridge.stop();
        BridgeProcess.remove(directory);
      }
    }
    return rows;
  },
};
