import { expect, test } from 'vitest';
import { durationSchema, formatDuration, parseDuration } from '../../src/config/duration.ts';

test.each([
  ['30s', 30_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['1.5s', 1500],
  ['250us', 0.25],
  ['0', 0],
  ['0s', 0],
])('reads %s', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
  expect(durationSchema.parse(text)).toBe(milliseconds);
});

test.each(['', ' ', '30', '1d', 's', '30 s', '-5s', '1h 30m', '30S'])('refuses %j', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  [30, 'a duration needs a unit: 30s or 30ms'],
  ['30', 'a duration needs a unit: 30s or 30ms'],
  ['7d', 'a duration has no unit for days: write 24h for one day'],
  ['soon', '"soon" is not a duration: write it like 30s, 1h30m or 500ms'],
  [true, 'expected a duration such as 30s, 1h30m or 500ms'],
])('says what is wrong with %j', (value, message) => {
  expect(durationSchema.safeParse(value).error?.issues.map((issue) => issue.message)).toEqual([message]);
});

test('the number 0 needs no unit, and a default is written as a user would', () => {
  expect(durationSchema.parse(0)).toBe(0);
  expect(durationSchema.prefault('5m').parse(undefined)).toBe(300_000);
});

test.each(['0s', '30s', '1h30m', '24h', '1m500ms', '0.25ms'])('writes %s back', (text) => {
  expect(formatDuration(parseDuration(text) as number)).toBe(text);
});
