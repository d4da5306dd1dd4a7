import { pino } from 'pino';
import { beforeEach, expect, test, vi } from 'vitest';
import { ReceiverLog } from '../../../../plugins/receivers/couic/receiver-log.ts';
import { textRedaction } from '../../../../src/events/privacy.ts';

const LINE = { action: 'add', policy: 'drop', cidr: '1.2.3.4/32', tag: 'test-report' } as const;
const ONE = { accepted: 1, replayed: 0, quarantined: 0 };
let lines: Record<string, unknown>[];
let log: ReceiverLog;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  log = new ReceiverLog(logger, { now: () => Date.now(), monotonic: () => Date.now() });
  return () => vi.useRealTimers();
});

test('writes the lines that the documentation of Couic tells a person to look for', () => {
  log.received('edge', ONE, [LINE]);
  expect(lines).toEqual([
    { level: 30, instance: 'edge', msg: 'Received 1 report from Couic' },
    { level: 30, instance: 'edge', msg: 'Action: add, Policy: drop, CIDR: 1.2.3.4/32, Tag: test-report' },
  ]);
});

test('says of addresses and of reports no more than it may', () => {
  const messages = () => lines.map(({ msg }) => msg);
  const key = Buffer.alloc(32, 1);
  const truncate = { ipv4: 24, ipv6: 48 };
  for (const [addresses, shown] of [
    ['truncate', '1.2.3.0/24'],
    ['hmac', expect.stringMatching(/^hmac-sha256:[0-9a-f]{32}$/)],
    ['drop', 'not shown'],
  ] as const) {
    lines = [];
    log.showNetworks(textRedaction({ addresses, truncate }, key));
    log.received(addresses, ONE, [LINE]);
    expect(/CIDR: (.*), Tag/.exec(String(messages()[1]))![1]).toEqual(shown);
  }
  lines = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line) => void lines.push(JSON.parse(line)) });
  const clock = { now: () => 0, monotonic: () => 0 };
  new ReceiverLog(logger, clock, 'summary').received('edge', ONE, [LINE]);
  expect(messages()).toEqual(['Received 1 report from Couic']);
  new ReceiverLog(logger, clock, 'off').received('edge', ONE, [LINE]);
  expect(lines).toHaveLength(1);
});

test('a report without a tag has none, and an empty batch has no line', () => {
  log.received('edge', ONE, [{ ...LINE, tag: null }]);
  log.received('edge', { accepted: 0, replayed: 0, quarantined: 0 }, []);
  expect(lines.map(({ msg }) => msg)).toEqual([
    'Received 1 report from Couic',
    'Action: add, Policy: drop, CIDR: 1.2.3.4/32, Tag: none',
  ]);
});

test('under load, one line in ten seconds says what came', () => {
  for (let i = 0; i < 105; i++) log.received('edge', { accepted: 2, replayed: 1, quarantined: 0 }, [LINE]);
  expect(lines).toHaveLength(10);
  lines = [];
  vi.advanceTimersByTime(10_000);
  expect(lines).toEqual([
    { level: 30, instance: 'edge', requests: 100, replayed: 100, msg: 'Received 200 reports from Couic' },
  ]);
});

test('lines of single reports are ten in ten seconds, and what was had already is not called received', () => {
  for (let i = 0; i < 5; i++) log.received('edge', { accepted: 4, replayed: 0, quarantined: 0 }, Array(4).fill(LINE));
  expect(lines.filter(({ msg }) => String(msg).startsWith('Action'))).toHaveLength(10);
  lines = [];
  vi.advanceTimersByTime(10_000);
  log.received('edge', { accepted: 0, replayed: 3, quarantined: 0 }, []);
  expect(lines).toEqual([{ level: 30, instance: 'edge', replayed: 3, msg: 'Received nothing new from Couic' }]);
});

test('refusals are warned of, and counted when there are many', () => {
  for (let i = 0; i < 8; i++) log.refused('ERR_UNAUTHORIZED', undefined, { remoteAddress: '192.0.2.7' });
  log.close();
  expect(lines).toHaveLength(6);
  expect(lines[0]).toMatchObject({
    level: 40,
    code: 'ERR_UNAUTHORIZED',
    remoteAddress: '192.0.2.7',
    msg: 'Refused a request: unknown token: the webhook in Couic has to end in /v1/reports/ and a token of this receiver',
  });
  expect(lines[5]).toMatchObject({ code: 'ERR_UNAUTHORIZED', requests: 3, msg: 'Refused 3 more requests' });
});
