import { expect, onTestFinished, test } from 'vitest';
import { ApiError } from '../../../../plugins/receivers/couic_api/api-error.ts';
import { Reconciling } from '../../../../plugins/receivers/couic_api/reconciling.ts';
import type { Reconciliation } from '../../../../src/ledger/reconciler.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

const MINUTE = 60_000;
const NOTHING: Reconciliation = {
  listed: 1,
  added: 0,
  removed: 0,
  unreadable: new Map(),
  short: [],
  kept: 0,
  drift: 0,
};
const SOMETHING: Reconciliation = { ...NOTHING, added: 1, drift: 1 };

/** A comparer whose comparisons come to the next of these, then to nothing. */
function started(outcomes: (Reconciliation | Error)[], interval = 5 * MINUTE) {
  const time = new FakeTime();
  const at: number[] = [];
  const { logger, messages } = receiverContext({} as never);
  const reconciling = new Reconciling({
    client: {
      rules: () => Promise.reject(new Error('not asked here')),
      metrics: () => Promise.reject(new Error('nor here')),
    },
    ledger: {
      async reconcile() {
        at.push(time.monotonic());
        const outcome = outcomes.shift() ?? NOTHING;
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    },
    logger,
    clock: time,
    sleep: time.sleep,
    instance: 'edge',
    token: 'a',
    countsToken: 'b',
    interval,
  });
  reconciling.start();
  onTestFinished(() => reconciling.stop());
  const asleep = () => until(() => time.waits.length === 1);
  /** Numbers differ at each reading, every ten seconds, for so long. */
  async function differing(ms: number): Promise<void> {
    for (const over = time.mono + ms; time.mono < over; ) {
      await asleep();
      time.advance(10_000);
      await asleep();
      reconciling.onDifference();
      // Whoever was woken has had his turn.
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { time, at, reconciling, asleep, differing, messages };
}

test('numbers that differ have rules compared at once; when that finds nothing, later and later', async () => {
  const { at, differing } = started([], 60 * MINUTE);
  await differing(20 * MINUTE);
  const pauses = at.map((each, index) => each - (at[index - 1] ?? 0)).slice(1);
  expect(pauses).toEqual([10_000, 30_000, 60_000, 120_000, 240_000, 480_000]);
});

test('the pauses do not grow beyond the interval', async () => {
  const { at, differing } = started([], MINUTE);
  await differing(10 * MINUTE);
  const pauses = at.map((each, index) => each - (at[index - 1] ?? 0)).slice(1);
  expect(Math.max(...pauses)).toBe(MINUTE);
});

test('a comparison that found something makes the next difference urgent again', async () => {
  const { at, differing } = started([NOTHING, NOTHING, NOTHING, SOMETHING], 60 * MINUTE);
  await differing(2 * MINUTE);
  const pauses = at.map((each, index) => each - (at[index - 1] ?? 0)).slice(1);
  expect(pauses).toEqual([10_000, 30_000, 60_000, 10_000]);
});

test('numbers that differ while rules are compared are what that comparison is for', async () => {
  const { at, reconciling, asleep } = started([SOMETHING]);
  // Not a turn of the event loop later: by then that comparison has ended.
  while (at.length === 0) await Promise.resolve();
  reconciling.onDifference();
  await asleep();
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(at).toHaveLength(1);
});

test('a restart is never waited for', async () => {
  const { at, reconciling, asleep, differing } = started([], 60 * MINUTE);
  await differing(MINUTE);
  const before = at.length;
  await asleep();
  reconciling.soon();
  await until(() => at.length === before + 1);
});

test('a comparison that failed is tried again after a minute, and numbers that differ do not hurry it much', async () => {
  const failures = Array.from({ length: 20 }, () => new ApiError('unauthorized', 'not this token'));
  const { at, reconciling, time, asleep, differing } = started(failures);
  await asleep();
  expect(time.waits).toEqual([MINUTE]);
  expect(reconciling.last).toBeUndefined();
  await differing(5 * MINUTE);
  expect(at.length).toBeLessThanOrEqual(10);
});

// Seen with a real Couic whose rules lived for seconds: 5 of 49 comparisons began with a warning of a proxy that was not there.
test('a list that is short once is no news; the next one comes after a minute, and is told when it is short too', async () => {
  const short = (policy: 'drop' | 'ignore') => ({
    ...NOTHING,
    short: [{ policy, listed: 1173, counted: 1197 }],
    kept: 2,
  });
  const { time, reconciling, asleep, messages } = started([
    short('drop'),
    NOTHING,
    short('drop'),
    short('ignore'),
    short('ignore'),
  ]);
  const told = () => messages().filter((message) => String(message).includes('is a proxy in between'));
  const pauses: (number | undefined)[] = [];
  for (let turn = 0; turn < 4; turn++) {
    await asleep();
    pauses.push(time.waits[0]);
    expect(reconciling.last!.short).toEqual([]);
    expect(told()).toEqual([]);
    time.advance(5 * MINUTE);
    for (let each = 0; each < 5; each++) await new Promise((resolve) => setImmediate(resolve));
  }
  await asleep();
  expect(pauses).toEqual([MINUTE, 5 * MINUTE, MINUTE, MINUTE]);
  expect(reconciling.last!.short).toHaveLength(1);
  expect(told()).toHaveLength(1);
});
