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

test.each([
  [
    'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA',
    'unknown ca',
    /tls\.cert_file: the authority has to be in api\.server\.tls\.ca_cert_path$/,
  ],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'certificate required', /set tls\.cert_file and tls\.key_file$/],
  ['ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED', 'certificate expired', /a new certificate for tls\.cert_file$/],
  ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'bad certificate', /extendedKeyUsage clientAuth/],
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'protocol version', /tls\.min_version allows$/],
  ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'handshake failure', /its log says why/],
])('%s is told by its word, though undici only says that the other side closed', (code, word, advice) => {
  const closed = Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' });
  const alert = Object.assign(new Error(`80CC2F40797F0000:error:0A000418:SSL routines:../deps/x.c:1601`), { code });
  const asked = { shown: 'https://lapi', timeout: 1, advice: { authorities: 'api.server.tls.ca_cert_path' } };
  const { reason, message } = unanswered(closed, asked, alert);
  expect(reason).toBe('tls');
  expect(message).toMatch(new RegExp(`^https://lapi refuses the connection \\(TLS: ${word}\\): `));
  expect(message).toMatch(advice);
  expect(message).not.toContain('deps');
});

test("OpenSSL's errors are told without where in its source they were made", () => {
  const error = Object.assign(
    new Error('80CC:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../x.c:350:\n'),
    {
      code: 'ERR_SSL_WRONG_VERSION_NUMBER',
      reason: 'wrong version number',
    },
  );
  expect(unanswered(error, { shown: 'https://lapi', timeout: 1 }).message).toBe(
    'https://lapi is not reached: wrong version number: what listens there may speak http:// without TLS',
  );
});
