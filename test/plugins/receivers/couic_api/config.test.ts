import { describe, expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/receivers/couic_api/config.ts';

const TOKEN = 'd6ac883a-8050-4408-bf1e-5b07e9965191';
const MINIMAL = { instance: 'edge', token: TOKEN };

function problems(config: unknown): string[] {
  const result = configSchema.safeParse(config);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('needs the name of the instance and a token', () => {
  expect(configSchema.parse(MINIMAL)).toEqual({
    endpoint: {
      url: 'http://couic',
      socketPath: '/var/run/couic/couic.sock',
      shown: 'unix:///var/run/couic/couic.sock',
    },
    instance: 'edge',
    token: TOKEN,
    collection_interval: 10_000,
    timeout: 5000,
    count_from_start: false,
  });
  expect(configSchema.parse({ ...MINIMAL, reconcile: {} }).reconcile).toEqual({ interval: 300_000 });
  expect(problems({})).toHaveLength(2);
});

test('takes HTTPS with a path, and HTTP on this host', () => {
  const urlOf = (endpoint: string) => configSchema.parse({ ...MINIMAL, endpoint }).endpoint.url;
  expect(urlOf('https://couic.example:8443/api/')).toBe('https://couic.example:8443/api');
  expect(urlOf('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000');
});

describe('refused', () => {
  const cases: [string, object, string][] = [
    [
      'plain HTTP to another host',
      { endpoint: 'http://couic.example' },
      'endpoint: use https: the token would cross the network in clear',
    ],
    [
      'a relative socket',
      { endpoint: 'unix://couic.sock' },
      'endpoint: a socket needs its whole path: unix:///var/run/couic/couic.sock',
    ],
    [
      'another scheme',
      { endpoint: 'ftp://x' },
      'endpoint: expected unix:///var/run/couic/couic.sock or https://host:port',
    ],
    [
      'credentials in the URL',
      { endpoint: 'https://a:b@couic' },
      'endpoint: leave user and password out: Couic takes a token',
    ],
    ['TLS for a socket', { tls: {} }, 'tls: tls is for an https:// endpoint'],
    [
      'no token',
      { token: '' },
      'token: the token is missing: "couicctl clients add -n otel-bridge -g monitoring" makes a client and shows its token',
    ],
    [
      'a token that is none of Couic',
      { token: 'hunter2' },
      'token: a token of Couic is a UUID: "couicctl clients list" shows them',
    ],
    [
      'no token to reconcile with',
      { reconcile: { token: '' } },
      'reconcile.token: the token is missing: "couicctl clients add -n otel-bridge -g clientro" makes a client and shows its token',
    ],
    [
      'a name that metrics cannot have',
      { instance: 'a b' },
      'instance: a name is 1 to 64 letters, digits or . _ : - (it is shown in every metric)',
    ],
    [
      'an interval too short',
      { collection_interval: '100ms' },
      'collection_interval: expected a duration from 1s to 24h',
    ],
  ];
  test.each(cases)('%s', (_name, config, problem) => {
    expect(problems({ ...MINIMAL, ...config })).toEqual([problem]);
  });
});
