import { expect, test } from 'vitest';
import { hint, nearest } from '../../src/config/nearest.ts';

test.each([
  ['enpoint', 'endpoint'],
  ['end_point', 'endpoint'],
  ['apiKey', 'api_key'],
  ['interavl', 'interval'],
  ['key', 'api_key'],
  ['directory_path', undefined],
  ['x', undefined],
  ['', undefined],
])('%s is near %s', (word, expected) => {
  expect(nearest(word, ['endpoint', 'api_key', 'interval', 'dry_run'])).toBe(expected);
});

test('a hint names the one that is near, else all', () => {
  expect(hint('intervall', ['interval', 'items'])).toBe(' (did you mean "interval"?)');
  expect(hint('zzz', ['items', 'interval'])).toBe(' (known: interval, items)');
  expect(hint('zzz', [])).toBe('');
});
