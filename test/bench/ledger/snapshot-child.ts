import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Fold } from '../../../src/log/log.ts';
import { mustEqual } from '../benchmark.ts';
import { CLOCK, ruleRecords, settingsRecord } from './records.ts';
import { openLog } from './store-with-ledger.ts';

/**
 * Own process of `snapshot`: reports are appended while a snapshot of so many rules is written, and for as long without
 * one right after. Prints reports a second of both, and the longest stall during the snapshot.
 */
const rules = Number(process.argv[2]);
const directory = join(mkdtempSync(join(tmpdir(), 'couic-bench-')), 'state');
const expiration = (n: number) => CLOCK / 1000 + 1e6 + (n % 86_400);

// All in the log: no snapshot yet. Not closed, or it would be written now.
const first = await openLog(directory, 1e12);
await first.topic.append(settingsRecord());
for (const { record, origin } of ruleRecords(rules, { expiration })) await first.topic.append(record, { origin });
await first.log.close(AbortSignal.abort());

let state: 'before' | 'writing' | 'written' = 'before';
function watched(fold: Fold): Fold {
  return {
    apply: (entry) => fold.apply(entry),
    restore: (pieces) => fold.restore(pieces),
    *snapshot() {
      state = 'writing';
      yield* fold.snapshot();
      state = 'written';
    },
  };
}

const { topic, fold, log } = await openLog(directory, 1, watched);
mustEqual('rules', fold.state.rules.size, rules);
const delay = monitorEventLoopDelay({ resolution: 1 });
let from = rules;
/** Appends chunks of 1,000, two at a time, until told; @returns reports a second. */
async function ingest(until: () => boolean): Promise<{ rate: number; milliseconds: number }> {
  const start = performance.now();
  const before = from;
  const worker = async () => {
    while (!until()) {
      const records = [...ruleRecords(1000, { from, expiration })];
      from += 1000;
      await Promise.all(records.map(({ record, origin }) => topic.append(record, { origin })));
      await new Promise(setImmediate);
    }
  };
  await Promise.all([worker(), worker()]);
  const milliseconds = performance.now() - start;
  return { rate: ((from - before) / milliseconds) * 1000, milliseconds };
}

// Warm, and this first append begins the snapshot.
delay.enable();
const during = await ingest(() => state === 'written');
delay.disable();
const longestStall = delay.max / 1e6;
const end = performance.now() + Math.max(during.milliseconds, 500);
const after = await ingest(() => performance.now() > end);
mustEqual('rules', fold.state.rules.size, from);
console.log(
  JSON.stringify({ during: during.rate, after: after.rate, longestStall, milliseconds: during.milliseconds }),
);
await log.close();
rmSync(join(directory, '..'), { recursive: true });
