import { expect, test } from 'vitest';
import { isFromUs, isOurs } from '../../../../plugins/extensions/status_page/host-check.ts';

const names = new Set(['bridge.example']);

test.each([
  'localhost',
  'localhost:13134',
  'LOCALHOST:9',
  '127.0.0.1:13134',
  '192.0.2.1',
  '[::1]:13134',
  '[2001:db8::1]',
  'bridge.example',
  'Bridge.Example:443',
])('%s is answered', (host) => {
  expect(isOurs(host, names)).toBe(true);
});

test.each([
  undefined,
  '',
  'evil.example',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'bridge.example.evil.example:13134',
  '127.0.0.1:13134:1',
  '[::1',
  '::1',
  'localhost@evil.example',
  'localhost/',
])('%s is not', (host) => {
  expect(isOurs(host, names)).toBe(false);
});

test('a form is ours when its page has our host, or when no browser says whose it is', () => {
  expect(isFromUs(undefined, 'localhost:1')).toBe(true);
  expect(isFromUs('http://localhost:1', 'LOCALHOST:1')).toBe(true);
  expect(isFromUs('http://localhost:2', 'localhost:1')).toBe(false);
  expect(isFromUs('https://evil.example', 'localhost:1')).toBe(false);
  expect(isFromUs('null', 'localhost:1')).toBe(false);
});
