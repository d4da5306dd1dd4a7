import { LedgerFold } from '../../../src/ledger/fold.ts';
import { entryOf } from '../../support/entry.ts';
import { mustEqual } from '../benchmark.ts';
import { CLOCK, ruleRecords, settingsRecord } from './records.ts';

/** Own process of `rules`: prints bytes a rule, by the difference of RSS after collecting garbage. */
const count = Number(process.argv[2]);
const fold = new LedgerFold();
fold.apply(entryOf(settingsRecord()));
for (const { record, origin } of ruleRecords(1000, { expiration: () => CLOCK / 1000 + 10 }))
  fold.apply({ ...entryOf(record), origin });

globalThis.gc?.();
const before = process.memoryUsage.rss();
const start = process.cpuUsage();
const options = { from: 1000, expiration: (n: number) => CLOCK / 1000 + 3600 + (n % 86_400) };
for (const { record, origin } of ruleRecords(count, options)) fold.apply({ ...entryOf(record), origin });
const used = process.cpuUsage(start);
globalThis.gc?.();
globalThis.gc?.();
mustEqual('rules', fold.state.rules.size, count + 1000);
console.log(
  JSON.stringify({
    bytes: (process.memoryUsage.rss() - before) / count,
    microseconds: (used.user + used.system) / count,
  }),
);
