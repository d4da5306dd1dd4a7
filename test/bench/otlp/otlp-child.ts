import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { pino } from 'pino';
import { Intake } from '../../../plugins/receivers/otlp/intake.ts';
import { ExportMetricsServiceRequestSchema } from '../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';
import { systemClock, systemSleep } from '../../../src/clock.ts';
import { SeriesKeeper } from '../../../src/ledger/series/keeper.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { mustEqual } from '../benchmark.ts';
import { requestOf, sumOf } from './requests.ts';

/**
 * Own process of `otlp`: prints CPU a point of taking pushes into a log on disk, of decoding the same bytes alone, the longest
 * turn of the event loop meanwhile, and bytes a series.
 */
const series = Number(process.argv[2]);
const pushes = Number(process.argv[3]);
const directory = mkdtempSync(join(tmpdir(), 'couic-bench-'));
const logger = pino({ level: 'error' });
const engine = new EmbeddedEngine({
  directory: join(directory, 'state'),
  clock: systemClock,
  health: new Health(),
  logger,
});
const log = new LogRunner({ engine, clock: systemClock, logger });
const keeper = new SeriesKeeper({
  name: 'receiver/otlp',
  attach: (fold) => {
    log.attach('receiver/otlp', fold);
    return log.topic('receiver/otlp');
  },
  clock: systemClock,
  sleep: systemSleep,
  logger,
  maxSeries: 1_000_000,
  expiration: 300_000,
  forgetAfter: 86_400_000,
});
await log.load();
keeper.start();
const intake = new Intake(keeper);

const cpuOf = async (work: () => unknown): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};
/** CPU of the longest turn of the event loop, ms: its wall time would be that of a busy machine. */
const turns = { longest: 0, since: process.cpuUsage(), isWatched: false };
const watch = () => {
  const { user, system } = process.cpuUsage(turns.since);
  turns.longest = Math.max(turns.longest, (user + system) / 1000);
  turns.since = process.cpuUsage();
  if (turns.isWatched) setImmediate(watch);
};
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

let [taking, decoding] = [0, 0];
// The first ones are for V8, which compiles what they run through; the very first introduces all series.
for (let push = 0; push < pushes + 5; push++) {
  const body = requestOf(series, push);
  await pause();
  const took = await cpuOf(() => intake.take(body, 'protobuf'));
  const alone = await cpuOf(() => fromBinary(ExportMetricsServiceRequestSchema, body));
  if (push < 5) continue;
  taking += took;
  decoding += alone;
}
// Looked at apart, since looking costs CPU.
const watched = async (body: Uint8Array) => {
  await pause();
  turns.isWatched = true;
  turns.since = process.cpuUsage();
  setImmediate(watch);
  await intake.take(body, 'protobuf');
  turns.isWatched = false;
  // The turn in which it ended, and nothing of what comes next.
  await pause();
};
for (let push = pushes + 5; push < 2 * pushes + 5; push++) await watched(requestOf(series, push));
let sum = 0;
const { resourceMetrics } = await keeper.producer(['receiver/otlp']).collect();
for (const { metrics } of resourceMetrics.scopeMetrics)
  for (const { dataPoints } of metrics) for (const { value } of dataPoints) sum += value as number;
mustEqual('the sum of all series', sum, sumOf(series, 2 * pushes + 4));

// More, of other names, for what they take of memory alone; and new ones cost most.
const settled = () => {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const before = settled();
const more = series * 5;
for (let from = series; from < series + more; from += series) await watched(requestOf(series, 0, from));
await pause();
const bytes = (settled() - before) / more;
mustEqual('series', keeper.table.size, series + more);
await keeper.stop();
await log.close(AbortSignal.abort());
rmSync(directory, { recursive: true });
const points = series * pushes;
console.log(JSON.stringify({ taking: taking / points, decoding: decoding / points, longest: turns.longest, bytes }));
