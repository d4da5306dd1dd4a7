import { expect, test } from 'vitest';
import { Heads } from '../../../src/log/jetstream/heads.ts';

test('of each topic the last message is known, and the last that is of others', () => {
  const heads = new Heads();
  expect([heads.last('a'), heads.others('a')]).toEqual([undefined, 0]);
  heads.saw('a', 3, false);
  expect([heads.last('a'), heads.others('a')]).toEqual([3, 0]);
  heads.saw('a', 5, true);
  heads.saw('a', 4, true);
  heads.saw('a', 4, false);
  expect([heads.last('a'), heads.others('a'), heads.last('b')]).toEqual([5, 5, undefined]);
  heads.saw('a', 7, false);
  expect([heads.last('a'), heads.others('a')]).toEqual([7, 5]);
  // The leader knows better, also that there is less.
  heads.correct('a', 6);
  expect([heads.last('a'), heads.others('a')]).toEqual([6, 5]);
});
