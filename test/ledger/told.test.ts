import { pino } from 'pino';
import { expect, test } from 'vitest';
import { BridgeEvents } from '../../src/events/bridge-events.ts';
import { LedgerState } from '../../src/ledger/ledger-state.ts';
import { LedgerProducer } from '../../src/ledger/producer.ts';
import { drawHashKey } from '../../src/ledger/rules/keyed-hash.ts';
import { bodyOf, ManualClock, pieces, reportText, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

function collecting() {
  const lines: Record<string, unknown>[] = [];
  return {
    lines,
    logger: pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) }),
  };
}

test('a start says whether it goes on with what was counted, of how many Couics and rules, and since when', async () => {
  const { lines, logger } = collecting();
  const { ledger, store, clock } = await startedLedger(new MemoryStore(), new ManualClock(), { logger });
  expect(lines).toMatchObject([{ msg: 'No report of a Couic was counted here before: their totals begin at zero' }]);
  const rules = [{}, { cidr: '10.0.0.0/8', policy: 'ignore' as const }, { cidr: '2001:db8::/32' }];
  await ledger.ingest('paris', pieces(bodyOf(rules)));
  await ledger.ingest('lyon', pieces(bodyOf([{}])));
  await ledger.stop();
  clock.advance(60_000);
  await startedLedger(new MemoryStore(store.log), clock, { logger });
  expect(lines[1]).toMatchObject({
    ...{ instances: 2, rules: 4 },
    msg: 'Went on with what was counted since 2024-01-01T00:01:40.000Z',
  });
});

test('each commit is told with what was taken and what was not valid, and that is counted by reason and logged', async () => {
  const { lines, logger } = collecting();
  const events = new BridgeEvents();
  const told: unknown[] = [];
  events.on('committed', ({ drops, ...rest }) => told.push({ ...rest, drops: Object.fromEntries(drops()) }));
  const counted: unknown[] = [];
  const quarantinedReports = { add: (count: number, attributes: unknown) => counted.push([count, attributes]) };
  const options = { logger, events, quarantinedReports: quarantinedReports as never };
  const { ledger } = await startedLedger(new MemoryStore(), new ManualClock(), options);
  const wrong = (change: object) => JSON.stringify({ ...JSON.parse(reportText({})), ...change });
  const body = [reportText({}), wrong({ action: 'block' }), wrong({ action: 'kick' }), wrong({ policy: 'drip' })];
  expect(await ledger.ingest('paris', pieces(`[${body.join()}]`))).toEqual({
    accepted: 1,
    replayed: 0,
    quarantined: 3,
  });
  expect(told).toEqual([{ instance: 'paris', accepted: 1, quarantined: 3, drops: { scanner: 1 } }]);
  const of = (reason: string) => ({ 'couic.instance.name': 'paris', reason });
  expect(counted).toEqual([
    [2, of('unknown_action')],
    [1, of('unknown_policy')],
  ]);
  expect(lines.at(-1)).toMatchObject({
    instance: 'paris',
    msg: 'Quarantined 3 reports from Couic that are not valid (unknown_action: 2, unknown_policy: 1)',
  });
  await ledger.ingest('paris', pieces(`[${reportText({ cidr: '10.0.0.1/32' })}]`));
  expect(told[1]).toMatchObject({ accepted: 1, quarantined: 0 });
  expect(lines).toHaveLength(2);
  await ledger.stop();
});

test('the metrics are of the scope of the ledger, at the version of the bridge', async () => {
  const { resourceMetrics } = await new LedgerProducer(
    new LedgerState(drawHashKey()),
    '1.2.3',
    null,
    () => 0,
  ).collect();
  expect(resourceMetrics.scopeMetrics.map(({ scope }) => scope)).toEqual([
    { name: 'couic-otel-bridge/ledger', version: '1.2.3' },
  ]);
});
