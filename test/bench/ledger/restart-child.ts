import { CLOCK, ruleRecords, settingsRecord } from './records.ts';
import { openLog } from './store-with-ledger.ts';

/** Own process of `restart`: leaves a log with so many rules in its snapshot and so many reports after it, unclosed. */
const [directory, rules, after] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
// Years ahead: nothing may expire when the bridge starts with today's clock.
const expiration = (n: number) => CLOCK / 1000 + 1e9 + (n % 86_400);

const first = await openLog(directory, 1e12);
await first.topic.append(settingsRecord());
for (const { record, origin } of ruleRecords(rules, { expiration })) await first.topic.append(record, { origin });
await first.log.close();

const second = await openLog(directory, 1e12);
for (const { record, origin } of ruleRecords(after, { from: rules, expiration }))
  await second.topic.append(record, { origin });
// As by a power cut: no closing snapshot.
process.kill(process.pid, 'SIGKILL');
