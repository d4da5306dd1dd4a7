import { expect, onTestFinished, test } from 'vitest';
import { EventLoopWatch } from '../../../../plugins/receivers/couic/event-loop-watch.ts';
import { ManualClock } from '../../../support/ledger.ts';

function started() {
  const clock = new ManualClock();
  const watch = new EventLoopWatch(clock);
  watch.start();
  onTestFinished(() => watch.stop());
  return { clock, watch };
}

test('a loop that turns is not late', () => {
  const { clock, watch } = started();
  for (let i = 0; i < 20; i++) {
    clock.advance(120);
    watch.tick();
  }
  clock.advance(400);
  expect(watch.wasLateSince(0)).toBe(false);
});

test('a stall is known before the timer has its turn, and for what was there when it happened', () => {
  const { clock, watch } = started();
  clock.advance(100);
  watch.tick();
  const before = clock.monotonic();
  clock.advance(600);
  const during = clock.monotonic();
  expect(watch.wasLateSince(before)).toBe(true);
  watch.tick();
  expect(watch.wasLateSince(during)).toBe(true);
  clock.advance(10);
  expect(watch.wasLateSince(clock.monotonic())).toBe(false);
  clock.advance(90);
  watch.tick();
  expect(watch.wasLateSince(before)).toBe(true);
});

test('one that was not started, or was stopped, never is', () => {
  const { clock, watch } = started();
  watch.stop();
  clock.advance(10_000);
  expect(watch.wasLateSince(0)).toBe(false);
  expect(new EventLoopWatch(clock).wasLateSince(0)).toBe(false);
});
