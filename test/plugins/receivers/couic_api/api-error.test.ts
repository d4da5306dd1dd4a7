import { expect, test } from 'vitest';
import { refused, unreachable } from '../../../../plugins/receivers/couic_api/api-error.ts';

const SOCKET = { url: 'http://couic', socketPath: '/run/couic.sock', shown: 'unix:///run/couic.sock' };
const PROXY = { url: 'https://couic.example', shown: 'https://couic.example' };
const failed = (code: string, endpoint = SOCKET) =>
  unreachable(endpoint, Object.assign(new Error(`it was ${code}`), { code }), 5000);

test('a socket that may not be opened says who has to be let in', () => {
  const { failure, message } = failed('EACCES');
  expect([failure, message]).toEqual([
    'permission',
    'not allowed to open unix:///run/couic.sock: add the user of the bridge to the group of the socket',
  ]);
});

test.each([
  ['ECONNREFUSED', 'connection'],
  ['ENOTFOUND', 'connection'],
  ['ENOENT', 'no_socket'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['ECONNRESET', 'broken_off'],
  ['UND_ERR_SOCKET', 'broken_off'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
])('%s is %s', (code, failure) => {
  expect(failed(code).failure).toBe(failure);
});

test('what an answer says is cut, on one line, and without markup', () => {
  const page = `<html>\n<b>Bad</b>\tgateway ${'x'.repeat(500)}</html>`;
  expect(refused(PROXY, 502, page, 'monitoring').message).toMatch(
    /^https:\/\/couic\.example answered 502 \(Bad gateway x{1,80}\)$/,
  );
  expect(refused(PROXY, 409, '', 'monitoring').message).toBe('https://couic.example answered 409');
});
