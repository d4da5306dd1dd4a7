import { afterEach, expect, it } from 'vitest';
import { Heartbeat } from '../../../../plugins/exporters/crowdsec/heartbeat.ts';
import type { Outcome } from '../../../../plugins/exporters/crowdsec/lapi-answer.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';

const MINUTE = 60_000;
const DOWN: Outcome = { kind: 'retryable', reason: 'connection', message: 'LAPI is not reached' };
const REFUSED: Outcome = { kind: 'retryable', reason: 'status_403', message: 'LAPI does not know the key' };

let heartbeat: Heartbeat;
afterEach(() => heartbeat.stop());

/** A heartbeat of which each pull comes to the next outcome, then to success. */
function started(outcomes: Outcome[], { random = 0.5, interval = 30 * MINUTE } = {}) {
  const time = new FakeTime();
  const pulls: number[] = [];
  const lines: string[] = [];
  const say = (_fields: object, message: string) => lines.push(message);
  heartbeat = new Heartbeat({
    async pull() {
      pulls.push(time.monotonic());
      return outcomes.shift() ?? { kind: 'success' };
    },
    interval,
    clock: time,
    sleep: time.sleep,
    random: () => random,
    log: { debug() {}, info: say, warn: say, error: say },
  });
  heartbeat.start();
  /** Waits for the pull under way, and tells how long the next one is away. */
  const nextWait = async () => {
    await until(() => time.waits.length === 1);
    return time.waits[0]!;
  };
  const pass = async () => {
    const count = pulls.length;
    time.advance(await nextWait());
    await until(() => pulls.length > count);
  };
  return { time, pulls, lines, nextWait, pass };
}

it('pulls at the start and each quarter of an hour, or at each interval that is shorter', async () => {
  const slow = started([]);
  expect(await slow.nextWait()).toBe(15 * MINUTE);
  await heartbeat.stop();
  expect(await started([], { interval: 5 * MINUTE }).nextWait()).toBe(5 * MINUTE);
});

it.each([0, 0.5, 0.999])(
  'comes again within a minute after a failure, later and later (spread by %s)',
  async (random) => {
    const { pass, nextWait, lines } = started(
      Array.from({ length: 8 }, () => DOWN),
      { random },
    );
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      waits.push(await nextWait());
      await pass();
    }
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits[0]).toBeLessThanOrEqual(6000);
    expect(waits[0]).toBeGreaterThanOrEqual(4000);
    expect(waits.at(-1)).toBeGreaterThan(35_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(MINUTE);
    expect(await nextWait()).toBe(15 * MINUTE);
    expect(lines).toEqual([
      'The heartbeat failed, and is tried again within a minute: LAPI is not reached',
      'The heartbeat reaches LAPI again',
    ]);
  },
);

it('begins with short waits again after a success', async () => {
  const { pass, nextWait } = started([DOWN, DOWN, DOWN, { kind: 'success' }, REFUSED]);
  for (let attempt = 0; attempt < 4; attempt++) await pass();
  expect(await nextWait()).toBe(5000);
});

it('is missed once, and `cscli bouncers prune -d 45m` still finds it alive', async () => {
  const { pulls, pass } = started([{ kind: 'success' }, DOWN, DOWN]);
  for (let attempt = 0; attempt < 4; attempt++) await pass();
  const taken = [pulls[0]!, pulls[3]!, pulls[4]!];
  for (const [index, at] of taken.entries()) expect(at - (taken[index - 1] ?? 0)).toBeLessThan(45 * MINUTE);
});

it('ends while it waits, twice, and before it began', async () => {
  const { pulls, nextWait } = started([DOWN]);
  await nextWait();
  await heartbeat.stop();
  await heartbeat.stop();
  expect(pulls).toHaveLength(1);
});
