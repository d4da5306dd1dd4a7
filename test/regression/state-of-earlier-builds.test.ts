import { cpSync, readFileSync } from 'node:fs';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemSleep } from '../../src/clock.ts';
import { eventsOf } from '../../src/events/decode.ts';
import { SeriesKeeper } from '../../src/ledger/series/keeper.ts';
import { RULE_OPERATIONS } from '../../src/service/admin/rules.ts';
import { openLog, temporaryDirectory } from '../log/embedded/testing.ts';
import { collectWhole, ManualClock, newLedger } from '../support/ledger.ts';

const state = new URL('../testdata/state-4', import.meta.url);
const said = JSON.parse(readFileSync(new URL('../testdata/state-4.json', import.meta.url), 'utf8'));

/**
 * A data directory that a build of November 2026 left, with a snapshot, a segment before it that a reader still needed, and one after
 * it; and what that build said then. Every build reads it, or the format has another version: it is never made anew.
 */
test('what an earlier build left is read, and says what it said', async () => {
  const directory = temporaryDirectory();
  cpSync(state, directory, { recursive: true });
  const clock = new ManualClock();
  clock.advance(124_000);
  const log = openLog(directory, { clock });
  const { ledger } = newLedger(log, clock, { hasEvents: true, tags: 3, kinds: 2 });
  log.reader('siem');
  const keeper = new SeriesKeeper({
    ...{ name: 'receiver/otlp', clock, sleep: systemSleep, logger: pino({ enabled: false }) },
    ...{ maxSeries: 100, expiration: 1e9, forgetAfter: 1e12 },
    attach: (fold) => {
      log.attach('receiver/otlp', fold);
      return log.topic('receiver/otlp');
    },
  });
  await log.load();
  await ledger.start();

  const { logId } = log.identity;
  const events: unknown[] = [];
  for await (const entry of log.read(1, new AbortController().signal)) {
    for (const event of eventsOf(entry, logId)) {
      const { network, tag } = event as { network?: { text: string }; tag?: string | null };
      events.push([event.time, event.name, event.instance, network?.text ?? null, tag ?? null]);
    }
    if (entry.position === log.position) break;
  }
  const ask = (operation: string, argument: object) => ledger.operations[operation]!(argument);
  expect({
    metrics: await collectWhole(ledger.producer()),
    rules: await ask(RULE_OPERATIONS.list, {}),
    explained: await ask(RULE_OPERATIONS.explain, { network: '0.0.0.0/0' }),
    quarantined: ledger.quarantined(),
    limits: ledger.limits(['paris', 'lyon', 'nice']),
    series: await collectWhole(keeper.producer(['receiver/otlp'], 'totals')),
    events,
  }).toMatchObject(said);
  expect(log.identity).toEqual({
    logId: 'e4ec0604-2c05-4bb3-b474-f4105adf140b',
    instanceId: '0166d4de-ab1a-46bb-ad5f-a7d11d488172',
    createdAt: 1_704_067_300_000,
  });
  await ledger.stop();
});
