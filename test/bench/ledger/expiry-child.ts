import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { pino } from 'pino';
import { BridgeEvents } from '../../../src/events/bridge-events.ts';
import { Expiry } from '../../../src/ledger/expiry.ts';
import { LedgerFold } from '../../../src/ledger/fold.ts';
import { TrustedClock } from '../../../src/ledger/trusted-clock.ts';
import { EmbeddedEngine } from '../../../src/log/embedded/engine.ts';
import { LogRunner } from '../../../src/log/runner.ts';
import { Health } from '../../../src/telemetry/health.ts';
import { mustEqual } from '../benchmark.ts';
import { CLOCK, ruleRecords, settingsRecord } from './records.ts';

/** Own process of `expiry`: so many rules on a real store end in one second; prints the longest stall, ms. */
const count = Number(process.argv[2]);
const directory = mkdtempSync(join(tmpdir(), 'couic-bench-'));
const logger = pino({ level: 'error' });
const clock = { wall: CLOCK, now: () => clock.wall, monotonic: () => clock.wall };
const engine = new EmbeddedEngine({ directory: join(directory, 'state'), clock, health: new Health(), logger });
const log = new LogRunner({ engine, clock, logger });
const fold = new LedgerFold();
log.attach('ledger', fold);
const topic = log.topic('ledger');
await log.load();
await topic.append(settingsRecord());
const end = CLOCK / 1000 + 10;
for (const { record, origin } of ruleRecords(count, { expiration: () => end })) await topic.append(record, { origin });
for (const { record, origin } of ruleRecords(count, { from: count, expiration: () => end + 1000 }))
  await topic.append(record, { origin });

const expiry = new Expiry({
  state: fold.state,
  clock: new TrustedClock(clock),
  topic,
  events: new BridgeEvents(),
  logger,
});
await new Promise((resolve) => setTimeout(resolve, 200));
globalThis.gc?.();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
clock.wall += 11_000;
const start = performance.now();
await expiry.run();
const milliseconds = performance.now() - start;
await new Promise((resolve) => setTimeout(resolve, 20));
delay.disable();
mustEqual('rules left', fold.state.rules.size, count);
console.log(JSON.stringify({ longestStall: delay.max / 1e6, milliseconds }));
await log.close();
rmSync(directory, { recursive: true });
