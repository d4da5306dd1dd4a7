import { CLOCK, ruleRecords, settingsRecord } from './records.ts';
import { openStore } from './store-with-ledger.ts';

/** Own process of `restart`: leaves a store with so many rules in its snapshot and so many reports after it, unclosed. */
const [directory, rules, after] = [process.argv[2]!, Number(process.argv[3]), Number(process.argv[4])];
// Years ahead: nothing may expire when the bridge starts with today's clock.
const expiration = (n: number) => CLOCK / 1000 + 1e9 + (n % 86_400);

const first = await openStore(directory, 1e12);
await first.journal.append([settingsRecord()]);
for (const record of ruleRecords(rules, { expiration })) await first.journal.append([record]);
await first.store.close();

const second = await openStore(directory, 1e12);
for (const record of ruleRecords(after, { from: rules, expiration })) await second.journal.append([record]);
// As by a power cut: no closing snapshot.
process.kill(process.pid, 'SIGKILL');
