import { beforeEach, expect, test, vi } from 'vitest';
import { Throttle } from '../../src/telemetry/throttle.ts';

let flushed: [string, number][];
let throttle: Throttle<number>;

beforeEach(() => {
  vi.useFakeTimers();
  flushed = [];
  throttle = new Throttle<number>({
    clock: { now: () => Date.now(), monotonic: () => Date.now() },
    burst: 2,
    period: 1000,
    add: (sum = 0, next) => sum + next,
    flush: (key, sum) => flushed.push([key, sum]),
  });
  return () => vi.useRealTimers();
});

test('lets the first ones of each key through and sums up the rest', () => {
  expect([1, 1, 3, 4].map((n) => throttle.pass('a', n))).toEqual([true, true, false, false]);
  expect(throttle.pass('b', 1)).toBe(true);
  vi.advanceTimersByTime(1000);
  expect(flushed).toEqual([['a', 7]]);
});

test('starts anew after the period', () => {
  for (let i = 0; i < 3; i++) throttle.pass('a', 1);
  vi.advanceTimersByTime(1000);
  expect([1, 1, 1].map((n) => throttle.pass('a', n))).toEqual([true, true, false]);
});

test('a slow trickle is never held back', () => {
  for (let i = 0; i < 10; i++) {
    expect(throttle.pass('a', 1)).toBe(true);
    vi.advanceTimersByTime(600);
  }
  expect(flushed).toEqual([]);
});

test('hands over what it holds when it is closed', () => {
  for (let i = 0; i < 5; i++) throttle.pass('a', 1);
  throttle.close();
  throttle.close();
  expect(flushed).toEqual([['a', 3]]);
  expect(vi.getTimerCount()).toBe(0);
});
