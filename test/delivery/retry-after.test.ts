import { expect, test } from 'vitest';
import { retryAfter } from '../../src/delivery/retry-after.ts';

const NOON = Date.UTC(2026, 0, 1, 12);

test.each([
  ['7', 7000],
  [' 0 ', 0],
  ['86400', 3_600_000],
  ['99999999999999999999', 3_600_000],
  ['Thu, 01 Jan 2026 12:00:30 GMT', 30_000],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Fri, 01 Jan 2027 12:00:00 GMT', 3_600_000],
  ['', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['2026', 2_026_000],
])('%s is %s ms', (header, milliseconds) => {
  expect(retryAfter(header, NOON)).toBe(milliseconds);
});

test('a date says nothing without the clock it is of', () => {
  expect(retryAfter('Thu, 01 Jan 2026 12:00:30 GMT', undefined)).toBeUndefined();
});
