import { pino } from 'pino';
import { expect, test } from 'vitest';
import { ReceiverLog } from '../../plugins/receivers/couic/receiver-log.ts';
import { QuarantineLog } from '../../src/ledger/quarantine-log.ts';
import { ManualClock } from '../support/ledger.ts';

function logger() {
  const lines: string[] = [];
  return { lines, logger: pino({}, { write: (line) => lines.push(JSON.parse(line).msg) }) };
}

test('25,690 chunks with reports that are not valid make a few lines, and these tell of all of them', () => {
  const { lines, logger: log } = logger();
  const quarantine = new QuarantineLog(log, new ManualClock());
  for (let chunk = 0; chunk < 25_690; chunk++) {
    quarantine.quarantined('couic', new Map([[chunk % 2 === 0 ? 'bad_cidr' : 'bad_tag', 2]]));
  }
  quarantine.quarantined('other', new Map([['bad_cidr', 1]]));
  quarantine.close();
  expect(lines).toEqual([
    'Quarantined 2 reports from Couic that are not valid (bad_cidr: 2)',
    'Quarantined 2 reports from Couic that are not valid (bad_tag: 2)',
    'Quarantined 2 reports from Couic that are not valid (bad_cidr: 2)',
    'Quarantined 1 report from Couic that is not valid (bad_cidr: 1)',
    'Quarantined 51374 reports from Couic that are not valid (bad_tag: 25688, bad_cidr: 25686)',
  ]);
});

test('so do requests that fail inside the bridge', () => {
  const { lines, logger: log } = logger();
  const receiver = new ReceiverLog(log, new ManualClock());
  for (let request = 0; request < 1000; request++) receiver.failed(new Error('no such thing'), 'couic');
  receiver.close();
  expect(lines).toHaveLength(6);
  expect(lines.at(-1)).toBe('995 more requests failed inside the bridge');
});
