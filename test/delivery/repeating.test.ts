import { expect, test } from 'vitest';
import { type Next, Repeating } from '../../src/delivery/repeating.ts';
import { FakeTime, until } from '../support/fake-time.ts';

/** Each turn returns the next of `nexts`, and the last for ever. */
function build(...nexts: Next[]) {
  const time = new FakeTime();
  let turns = 0;
  const hold: { during?: () => Promise<void> } = {};
  const repeating = new Repeating(async () => {
    const next = nexts[Math.min(turns++, nexts.length - 1)];
    await hold.during?.();
    return next;
  }, time.sleep);
  return { time, repeating, turns: () => turns, hold };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('comes again at its interval, once, however often it is started', async () => {
  const { time, repeating, turns } = build(1000);
  repeating.start(500);
  repeating.start(1);
  expect(time.waits).toEqual([500]);
  for (let expected = 1; expected <= 3; expected++) {
    time.advance(expected === 1 ? 500 : 1000);
    await until(() => turns() === expected && time.waits.length === 1);
  }
  await repeating.stop();
  expect(time.waits).toEqual([]);
});

test('a turn that returns nothing waits until it is woken; the first begins after who started it', async () => {
  const { time, repeating, turns } = build(undefined);
  repeating.start();
  expect(turns()).toBe(0);
  await until(() => turns() === 1);
  await settled();
  expect([turns(), time.waits]).toEqual([1, []]);
  repeating.wake();
  await until(() => turns() === 2);
  await repeating.stop();
});

test('woken in a pause it comes at once, but not before a pause that something asked for is over', async () => {
  const { time, repeating, turns } = build(1000, { atLeast: 1000 }, undefined);
  repeating.start();
  await until(() => time.waits.length === 1);
  repeating.wake();
  await until(() => turns() === 2 && time.waits.length === 1);
  repeating.wake();
  await settled();
  expect(turns()).toBe(2);
  time.advance(1000);
  await until(() => turns() === 3);
  await repeating.stop();
});

test('woken during a turn, another one follows; stopped during one, that is the last', async () => {
  const { repeating, turns, hold } = build(undefined);
  hold.during = async () => {
    if (turns() === 1) repeating.wake();
  };
  repeating.start();
  await until(() => turns() === 2);
  await settled();
  expect(turns()).toBe(2);
  let stopped: Promise<void> | undefined;
  hold.during = async () => {
    stopped = repeating.stop();
  };
  repeating.wake();
  await until(() => stopped !== undefined);
  await stopped;
  repeating.wake();
  await settled();
  expect([turns(), repeating.running]).toEqual([3, false]);
});

test('stop ends each kind of pause, may come twice and first, and is not for ever', async () => {
  for (const next of [1000, undefined, { atLeast: 1000 }]) {
    const { time, repeating, turns } = build(next);
    await repeating.stop();
    repeating.start();
    await until(() => turns() === 1);
    await settled();
    await repeating.stop();
    await repeating.stop();
    expect(time.waits).toEqual([]);
    repeating.start();
    await until(() => turns() === 2);
    await repeating.stop();
  }
});
