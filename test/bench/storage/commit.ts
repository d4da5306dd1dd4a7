import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { type Benchmark, mustEqual, ratioRow } from '../benchmark.ts';
import { BareFile, cpuOf } from './bare-append.ts';

/** A durable commit, beside the least that durable can mean. */
export const commit: Benchmark = {
  name: 'commit',
  async run({ smoke, runs }) {
    const directory = mkdtempSync(join(tmpdir(), 'couic-bench-'));
    const clock = { now: () => 0, monotonic: () => performance.now() };
    const logger = pino({ level: 'error' });
    const engine = new EmbeddedEngine({ directory: join(directory, 'state'), clock, health: new Health(), logger });
    const log = new LogRunner({ engine, clock, logger, minimumLogBytes: 1e12 });
    let applied = 0;
    log.attach('bench', { apply: () => void applied++, snapshot: () => [], restore: () => {} });
    const topic = log.topic('bench');
    await log.load();
    const bare = new BareFile(join(directory, 'file'));

    const calls = smoke ? 5 : 200;
    const small = Buffer.alloc(300, 1);
    const large = Buffer.alloc(40_000, 1);
    const cases = [
      { name: 'commit of 300 B, one after the other', record: small, at: 1, atMost: 1.15 },
      { name: 'commit of 300 B, 32 at once, each', record: small, at: 32, atMost: 0.08 },
      { name: 'commit of 40 KB, one after the other', record: large, at: 1, atMost: 1.3 },
    ];
    const pairs = cases.map((): { measured: number; reference: number }[] => []);
    let made = 0;
    // One warm-up, then rounds of all cases, so that a change of the machine's mood meets all alike.
    for (let run = -1; run < runs; run++)
      for (const [i, { record, at }] of cases.entries()) {
        const reference = await cpuOf(calls, () => bare.append(record));
        const many = () => Promise.all(Array.from({ length: at }, () => topic.append(record)));
        const measured = (await cpuOf(calls, many)) / at;
        made += calls * at;
        if (run >= 0) pairs[i]!.push({ measured, reference });
      }
    mustEqual('records', applied, made);
    await log.close(AbortSignal.abort());
    bare.close();
    rmSync(directory, { recursive: true });
    return cases.map(({ name, atMost }, i) =>
      ratioRow(name, 'µs CPU', pairs[i]!, 'a file, appended to and synced', atMost),
    );
  },
};
