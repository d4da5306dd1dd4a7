import { expect, test } from 'vitest';
import { unanswered } from '../../src/delivery/unanswered.ts';

const SOCKET = { socketPath: '/run/couic.sock', shown: 'unix:///run/couic.sock', timeout: 5000 };
const failed = (code: string, message = `it was ${code}`) =>
  unanswered(Object.assign(new Error(message), { code }), SOCKET);

test('a socket that may not be opened says who has to be let in', () => {
  const { reason, message } = failed('EACCES');
  expect([reason, message]).toEqual([
    'permission',
    'not allowed to open unix:///run/couic.sock: add the user of the bridge to the group of the socket',
  ]);
});

test.each([
  ['ECONNREFUSED', 'connection'],
  ['ENOTFOUND', 'connection'],
  ['ENOENT', 'no_socket'],
  ['ECONNRESET', 'connection'],
  ['UND_ERR_SOCKET', 'connection'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_TIMEOUT', 'timeout'],
  ['UND_ERR_BODY_TIMEOUT', 'timeout'],
  ['UND_ERR_HEADERS_OVERFLOW', 'protocol'],
  ['HPE_INVALID_CONSTANT', 'protocol'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['EPROTO', 'tls'],
])('%s is %s', (code, reason) => {
  expect(failed(code)).toMatchObject({ kind: 'retryable', reason });
});

test('names of a certificate do not reach a terminal as they are', () => {
  const { message } = failed('ERR_TLS_CERT_ALTNAME_INVALID', `not in DNS:\u001b[2J${'x'.repeat(5000)}`);
  expect(message).toContain('DNS:\\u001b[2J');
  expect(message.length).toBeLessThan(500);
});
