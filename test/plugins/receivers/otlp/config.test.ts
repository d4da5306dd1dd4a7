import { expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/receivers/otlp/config.ts';
import { otlpReceiver } from '../../../../plugins/receivers/otlp/factory.ts';

const problems = (config: unknown) =>
  configSchema.safeParse(config).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test("a protocol that is named has the Collector's defaults", () => {
  const config = configSchema.parse({ protocols: { http: null, grpc: {} } });
  expect(config.protocols.http).toMatchObject({
    endpoint: { host: '127.0.0.1', port: 4318 },
    max_request_body_size: 20 * 1024 * 1024,
  });
  expect(config.protocols.grpc?.endpoint).toEqual({ host: '127.0.0.1', port: 4317 });
  expect(config).toMatchObject({ metric_expiration: 300_000, max_series: 100_000 });
  expect(otlpReceiver.listensOn?.(config)).toEqual([config.protocols.http?.endpoint, config.protocols.grpc?.endpoint]);
});

test('what others can reach needs a token, or certificates', () => {
  const tls = { cert_file: 'c', key_file: 'k' };
  const open = (more: object) => problems({ protocols: { http: { endpoint: '0.0.0.0:4318', ...more } } });
  expect(open({})).toEqual([
    'protocols.http.endpoint: 0.0.0.0:4318 can be reached from other hosts, and anyone there could send what he likes: give auth.tokens (couic-otel-bridge token makes one), ask for certificates with tls.client_ca_file, or listen on 127.0.0.1',
  ]);
  expect(open({ tls })).toHaveLength(1);
  expect(open({ tls: { ...tls, client_ca_file: 'ca' } })).toEqual([]);
  const auth = { tokens: ['0123456789abcdef'] };
  const config = configSchema.parse({ protocols: { grpc: { endpoint: '0.0.0.0:4317' } }, auth });
  expect(otlpReceiver.warnings?.(config)).toEqual([
    {
      path: ['protocols', 'grpc'],
      message: 'tokens come here unencrypted: give tls, or listen where nobody else does',
    },
  ]);
});

test('what cannot be is said', () => {
  expect(problems({ protocols: {} })).toEqual([
    'protocols: name a protocol: http, grpc, or both, as in protocols: {http: {}}',
  ]);
  expect(problems({ protocols: { http: {} }, auth: { tokens: ['short'] } })).toEqual([
    'auth.tokens.0: a token has 16 characters at least, or it can be guessed: couic-otel-bridge token makes one',
  ]);
  expect(problems({ protocols: { http: {} }, forget_after: '2m', metric_expiration: '5m' })).toEqual([
    'forget_after: is shorter than metric_expiration',
  ]);
});
