import { expect, test } from 'vitest';
import { ClockWatch } from '../../../src/log/jetstream/clock-watch.ts';
import { ManualClock } from '../../support/ledger.ts';

test('a clock that goes wrong, is wrong from the start, or is mended, is noticed by what the stream told once', () => {
  const clock = new ManualClock();
  const watch = new ClockWatch(clock);
  expect([watch.problem, watch.skew]).toEqual([undefined, undefined]);
  watch.told(clock.now());
  clock.advance(3_600_000);
  expect(watch.problem).toBeUndefined();
  clock.wall += 61_000;
  expect(watch.problem).toBe("this host's clock is 61 s ahead of that of the NATS server: mend it (timedatectl)");
  expect(watch.skew).toBe(61_000);
  clock.wall -= 122_000;
  expect(watch.problem).toBe("this host's clock is 61 s behind that of the NATS server: mend it (timedatectl)");
  clock.wall += 61_000;
  expect(watch.problem).toBeUndefined();
  watch.told(clock.now() + 600_000);
  expect(watch.problem).toContain('600 s behind');
  watch.told(Number.NaN);
  expect(watch.problem).toContain('600 s behind');
});
