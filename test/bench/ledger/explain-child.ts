import { inspection } from '../../../src/ledger/inspection.ts';
import { type Explanation, RULE_OPERATIONS } from '../../../src/service/admin/rules.ts';
import { mustEqual } from '../benchmark.ts';
import { CLOCK, ruleRecords, settingsRecord } from './records.ts';
import { openLog } from './store-with-ledger.ts';

/** Milliseconds of each. */
export interface Explained {
  readonly address: number;
  readonly network: number;
  readonly withLog: number;
}

/** Own process of `explain`: a log with so many rules, all of whose reports are still in it. */
const [directory, count] = [process.argv[2]!, Number(process.argv[3])];
const { log, fold, topic } = await openLog(directory, 1e12);
await topic.append(settingsRecord());
const couic = log.topic('couic/couic');
for (const { record, origin } of ruleRecords(count, { expiration: () => 0 })) await couic.append(record, { origin });
mustEqual('rules', fold.state.rules.size, count);

const clock = { now: () => CLOCK, monotonic: () => performance.now() };
const noLog = { extents: [], read: log.read.bind(log) };

async function timed(network: string, from: Pick<typeof log, 'extents' | 'read'>): Promise<[number, Explanation]> {
  const operations = inspection({ state: fold.state, log: from, clock });
  const start = performance.now();
  const answer = (await operations[RULE_OPERATIONS.explain]!({ network })) as Explanation;
  return [performance.now() - start, answer];
}

const [address, found] = await timed('1.0.16.1', noLog);
mustEqual('rules of the address', found.instances[0]!.rules.length, 1);
const [network, inside] = await timed('1.0.16.0/24', noLog);
mustEqual('rules inside', inside.instances[0]!.inside.drop, 256);
const [withLog, past] = await timed('1.0.16.1', log);
mustEqual('events', past.history.events.length, 1);
await log.close();
console.log(JSON.stringify({ address, network, withLog } satisfies Explained));
