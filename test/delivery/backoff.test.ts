import { expect, test } from 'vitest';
import { Backoff } from '../../src/delivery/backoff.ts';

const options = { initial_interval: 1000, multiplier: 2, max_interval: 5000, randomization_factor: 0.5 };

test('waits grow up to the longest, and begin anew after a reset', () => {
  const backoff = new Backoff(options, () => 0.5);
  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([
    1000, 2000, 4000, 5000, 5000,
  ]);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
});

test('each is spread by the randomization factor to both sides', () => {
  expect(new Backoff(options, () => 0).next()).toBe(500);
  expect(new Backoff(options, () => 1).next()).toBe(1500);
});

test('an initial interval above the longest is cut to it', () => {
  expect(new Backoff({ ...options, initial_interval: 60_000 }, () => 0.5).next()).toBe(5000);
});
