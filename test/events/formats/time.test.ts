import { expect, test } from 'vitest';
import { isoTime } from '../../../src/events/formats/time.ts';

const DAY = 86_400_000;
const FIRST = -62_135_596_800_000;
const LAST = 253_402_300_799_999;

test('a time is written as Date writes it, whatever was written before', () => {
  const times = [0, -1, 1, DAY - 1, DAY, -DAY, 59_999, 3_599_999, 1_795_687_200_123.9, -1.5, FIRST, LAST];
  for (let step = 1; step < 500; step++)
    times.push(Math.floor(FIRST + ((LAST - FIRST) / 500) * step), step * 9_973_123);
  for (const time of times) expect(isoTime(time)).toBe(new Date(time).toISOString());
});

test.each([FIRST - 1, LAST + 1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63])('%d has no such form', (time) => {
  expect(isoTime(time)).toBeUndefined();
});
