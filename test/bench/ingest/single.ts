import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type Benchmark, boundRow, mustEqual, ratioRow } from '../benchmark.ts';
import { ReportSource } from '../bodies.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { percentile, postAll } from '../http-client.ts';

/** Requests with one report, as Couic sends most, against a bare Fastify route that reads the body and answers 200. */
export const single: Benchmark = {
  name: 'single',
  async run({ smoke, runs }) {
    const rows = [];
    const directory = BridgeProcess.newDirectory();
    const bridge = await BridgeProcess.start(directory);
    const bare = fork(new URL('./bare-route.js', import.meta.url), {
      execArgv: ['--expose-gc', '--import', new URL('../probe.js', import.meta.url).href],
    });
    try {
      const [{ port }] = (await once(bare, 'message')) as [{ port: number }];
      const source = new ReportSource();
      const count = smoke ? 200 : 5000;
      for (const [connections, atMost] of [
        [1, 5],
        [32, 1.8],
      ] as const) {
        const pairs = [];
        const p99 = [];
        for (let run = 0; run <= runs; run++) {
          const bodies = Array.from({ length: count }, () => source.body(1));
          bare.send('reset');
          await once(bare, 'message');
          await postAll(port, '/v1/reports', bodies, connections);
          bare.send('read');
          const [{ cpu: reference }] = (await once(bare, 'message')) as [{ cpu: number }];
          await bridge.reset();
          const { answers, times } = await postAll(bridge.port, bridge.pathOf(), bodies, connections);
          const { cpu } = await bridge.read();
          mustEqual(
            'accepted',
            answers.reduce((sum, { accepted }) => sum + accepted, 0),
            count,
          );
          if (run === 0 && !smoke) continue;
          pairs.push({ measured: cpu / count, reference: reference / count });
          p99.push(percentile(times, 0.99));
        }
        const name = `single reports, ${connections} connection${connections > 1 ? 's' : ''}`;
        rows.push(ratioRow(name, 'µs CPU a request', pairs, 'bare Fastify route', atMost));
        rows.push(boundRow(`${name}: p99 of the answer`, 'ms', p99, 20));
      }
    } finally {
      bare.kill();
      await bridge.stop();
      BridgeProcess.remove(directory);
    }
    return rows;
  },
};
