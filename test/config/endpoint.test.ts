import { expect, test } from 'vitest';
import { endpointSchema, formatEndpoint, isLoopback } from '../../src/config/endpoint.ts';

test.each([
  ['127.0.0.1:8000', '127.0.0.1', 8000],
  ['localhost:0', 'localhost', 0],
  ['[::1]:8000', '::1', 8000],
  ['[::]:65535', '::', 65_535],
  ['gw-1.example.org:443', 'gw-1.example.org', 443],
])('reads and writes %s', (text, host, port) => {
  expect(endpointSchema.parse(text)).toEqual({ host, port });
  expect(formatEndpoint({ host, port })).toBe(text);
});

test.each([
  ['http://127.0.0.1:8000', 'expected host:port without a scheme, as in 127.0.0.1:8000'],
  ['127.0.0.1', 'expected host:port, as in 127.0.0.1:8000'],
  ['127.0.0.1:http', 'expected host:port, as in 127.0.0.1:8000'],
  ['::1:8000', 'an IPv6 address needs brackets and a port: [::1]:8000'],
  ['::1', 'an IPv6 address needs brackets and a port: [::1]:8000'],
  ['[1.2.3.4]:80', '"1.2.3.4" is not an IPv6 address'],
  ['127.0.0.1:70000', 'port 70000 is too large: the highest is 65535'],
  [':8000', 'name the host: 127.0.0.1:8000 for this host alone, 0.0.0.0:8000 or [::]:8000 for every address'],
  ['127.0.0.1/8:80', '"127.0.0.1/8" is neither a host name nor an address'],
  ['80', 'name the host: 127.0.0.1:80 for this host alone, 0.0.0.0:80 or [::]:80 for every address'],
  ['127.0.0.300:80', '"127.0.0.300" is neither a host name nor an address'],
])('says what is wrong with %s', (text, message) => {
  expect(endpointSchema.safeParse(text).error?.issues.map((issue) => issue.message)).toEqual([message]);
});

test.each([
  '127.0.0.1',
  '127.255.0.9',
  '::1',
  '[::1]',
  'localhost',
  'LOCALHOST',
  '::ffff:127.0.0.1',
  '[::ffff:7f00:1]',
])('%s is reached from this host alone', (host) => expect(isLoopback(host)).toBe(true));

test.each([
  '0.0.0.0',
  '::',
  '10.0.0.1',
  '128.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  'example.org',
  'localhost.example.org',
  '',
])('%s is not', (host) => expect(isLoopback(host)).toBe(false));
