import { expect, test } from 'vitest';
import { announced, type SeenBridge } from '../../../src/log/jetstream/bridges.ts';

const HOUR = 3_600_000;
const bridge = (id: string, heard: number, more: Partial<SeenBridge> = {}): SeenBridge => ({
  ...{ id, name: id, version: '1', started: 0, heard, behind: 0, skew: 0 },
  ...more,
});

test('what a bridge says stands in the place of what it said before, ended or not', () => {
  const before = [bridge('a', 1, { ended: true }), bridge('b', 2)];
  expect(announced(before, bridge('a', 3))).toEqual([bridge('a', 3), bridge('b', 2)]);
});

test('its process before is over; one of the same id that is heard of since this one began is another', () => {
  const own = bridge('a', 20, { started: 10 });
  const earlier = bridge('a', 10, { started: 5, name: 'earlier' });
  const twin = bridge('a', 11, { started: 5, name: 'twin' });
  expect(announced([earlier], own)).toEqual([own]);
  expect(announced([twin, bridge('a', 15, { started: 10 })], own)).toEqual([own, twin]);
});

test('one that nothing was heard of for an hour is let go of', () => {
  const before = [bridge('a', 0), bridge('b', 1)];
  expect(announced(before, bridge('c', HOUR)).map(({ id }) => id)).toEqual(['c', 'b']);
});

test('there are sixteen at most: those that were heard of last, and the one that says so', () => {
  const before = Array.from({ length: 40 }, (_, i) => bridge(`b${i}`, 1000 + i));
  const after = announced(before, bridge('own', 1));
  expect(after).toHaveLength(16);
  expect([after[0]!.id, after[1]!.id, after[15]!.id]).toEqual(['own', 'b39', 'b25']);
});
