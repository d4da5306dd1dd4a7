import { describe, expect, it } from 'vitest';
import { schema } from '../../../../plugins/exporters/crowdsec/config.ts';
import { ITEM_GROUPS } from '../../../../plugins/exporters/crowdsec/couic-mapping.ts';

/** `path: message` of each problem. */
function problems(config: object): string[] {
  const result = schema.safeParse({ api_key: 'k', ...config });
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

it('has a default for everything but the key', () => {
  expect(schema.parse({ api_key: 'k' })).toEqual({
    dry_run: false,
    endpoint: 'http://127.0.0.1:8080',
    api_key: 'k',
    timeout: 10_000,
    retry_on_failure: {
      enabled: true,
      initial_interval: 5000,
      randomization_factor: 0.5,
      multiplier: 1.5,
      max_interval: 30_000,
      max_elapsed_time: 0,
    },
    interval: 1_800_000,
    name: 'couic-otel-bridge',
    type: 'couic-otel-bridge',
    feature_flags: [],
    items: ITEM_GROUPS,
    unit: 'report',
    origins: [],
    max_origins: 100,
    heartbeat: true,
    outbox: { max_age: 604_800_000, max_size_mib: 64 },
  });
});

it.each([
  { dry_run: true, api_key: '' },
  { api_key: '', endpoint: 'https://lapi', tls: { cert_file: 'c', key_file: 'k' } },
  { dry_run: true, interval: '100ms' },
  { endpoint: 'https://[::1]:8080/crowdsec/', local_address: '::1' },
  { endpoint: 'http://192.0.2.1', local_address: '10.0.0.1', address_family: 'ipv4' },
  { endpoint: 'http://lapi', local_address: '::1', address_family: 'ipv6' },
  { endpoint: 'http://lapi', local_address: '::1' },
  { endpoint: 'unix:///run/lapi.sock' },
  { interval: '1s' },
  { interval: '168h', timeout: '1ms' },
  { max_origins: 1, outbox: { max_age: '0s', max_size_mib: 1 } },
  { max_origins: 10_000, outbox: { max_size_mib: 1024 } },
  { type: 'crowdsec', name: 'n'.repeat(255), version: '1' },
  { items: ['traffic'], instances: ['a'], heartbeat: false },
  {
    origins: [
      { tag: 'a-*', origin: 'A:*' },
      { tag: 'b', origin: 'x' },
      { tag: 'c', origin: 'x', remediation: 'ban' },
    ],
  },
])('takes %j', (config) => {
  expect(problems(config)).toEqual([]);
});

describe('refuses', () => {
  const key =
    'api_key: is needed without dry_run: "cscli bouncers add couic-otel-bridge" on the LAPI host prints one. Or set dry_run: true, or a client certificate in tls';
  const forEver = 'a window is tried until LAPI takes it: bound what waits with outbox.max_age';
  it.each<[object, string[]]>([
    [{ api_key: '' }, [key]],
    [{ api_key: 'two\nlines' }, ['api_key: has characters that no key has, perhaps a line break']],
    [
      { endpoint: '127.0.0.1:8080' },
      ['endpoint: expected the address of LAPI with its scheme, as in http://127.0.0.1:8080'],
    ],
    [{ endpoint: 'ftp://lapi' }, ['endpoint: expected http://, https:// or unix:///path/of/a/socket']],
    [
      { endpoint: 'http://a:b@lapi' },
      ['endpoint: no user and no password here: LAPI knows bouncers by their API key or client certificate'],
    ],
    [{ endpoint: 'http://lapi/?a' }, ['endpoint: no query and no fragment here']],
    [
      { endpoint: 'http://lapi/v1/usage-metrics' },
      ['endpoint: leave /v1 out: the exporter adds the path of each call'],
    ],
    [{ interval: '999ms' }, ['interval: must be at least 1s: a window has whole seconds']],
    [{ interval: '169h' }, ['interval: must be more than 0s and at most 168h: LAPI forgets after 7 days']],
    [
      { endpoint: 'unix:///run/lapi.sock', tls: {}, local_address: '::1', address_family: 'ipv6' },
      ['tls', 'local_address', 'address_family'].map(
        (option) => `${option}: is for a LAPI over the network, and endpoint is a Unix socket`,
      ),
    ],
    [
      { endpoint: 'http://[::1]', address_family: 'ipv4' },
      ['address_family: is ipv4, and endpoint is an ipv6 address'],
    ],
    [{ timeout: '0s' }, ['timeout: must be more than 0s and at most 24h']],
    [{ timeout: '1000h' }, ['timeout: must be more than 0s and at most 24h']],
    [{ interval: '604800001ms' }, ['interval: must be more than 0s and at most 168h: LAPI forgets after 7 days']],
    [{ type: 'a/b' }, ['type: letters, digits and . _ + ~ - only: it is a part of the User-Agent header']],
    [
      { api_key: '', type: 'crowdsec', endpoint: 'https://lapi', tls: { cert_file: 'c', key_file: 'k' } },
      ['type: LAPI takes "crowdsec" with a client certificate for a log processor, and answers 401: choose another'],
    ],
    [{ unit: 'x'.repeat(256) }, ['unit: CrowdSec takes 255 characters']],
    [{ retry_on_failure: { enabled: false } }, [`retry_on_failure.enabled: ${forEver}`]],
    [{ retry_on_failure: { max_elapsed_time: '5m' } }, [`retry_on_failure.max_elapsed_time: ${forEver}`]],
    [{ local_address: 'eth0' }, ['local_address: expected an address of this host, as in 192.0.2.10']],
    [{ local_address: '::1' }, ['local_address: is ipv6, and the connection is ipv4']],
    [{ address_family: 'ipv6' }, ['address_family: is ipv6, and endpoint is an ipv4 address']],
    [
      { endpoint: 'http://lapi', address_family: 'ipv6', local_address: '10.0.0.1' },
      ['local_address: is ipv4, and the connection is ipv6'],
    ],
  ])('%j', (config, expected) => {
    expect(problems(config)).toEqual(expected);
  });

  it.each([
    [{ dry_run: true, interval: '0s' }, 'interval'],
    [{ max_origins: 0 }, 'max_origins'],
    [{ max_origins: 10_001 }, 'max_origins'],
    [{ outbox: { max_size_mib: 0.5 } }, 'outbox.max_size_mib'],
    [{ outbox: { max_size_mib: 1025 } }, 'outbox.max_size_mib'],
    [{ items: [] }, 'items'],
    [{ instances: [] }, 'instances'],
    [{ instances: [''] }, 'instances.0'],
    [{ name: '' }, 'name'],
    [{ feature_flags: [''] }, 'feature_flags.0'],
    [{ origins: [{ tag: '', origin: 'a' }] }, 'origins.0.tag'],
    [{ origins: [{ tag: 'a', origin: '' }] }, 'origins.0.origin'],
    [{ origins: [{ tag: 'a', origin: 'b', remediation: '' }] }, 'origins.0.remediation'],
    [{ keys_file: '' }, 'keys_file'],
  ])('what is out of bounds: %j', (config, path) => {
    expect(problems(config).map((problem) => problem.split(':')[0])).toContain(path);
  });

  it.each<[string, object[], string]>([
    [
      'two stars',
      [{ tag: '*-*', origin: 'x' }],
      'origins.0.tag: "*-*" has more than one *: write one rule for each form of the tag',
    ],
    [
      'a star with nothing to fill it',
      [{ tag: 'a', origin: 'x:*' }],
      'origins.0.origin: "x:*" has a * and the tag "a" has none to fill it',
    ],
    [
      'an origin that can get too long',
      [{ tag: '*', origin: `${'x'.repeat(200)}*` }],
      'origins.0.origin: can become 281 characters long; CrowdSec takes 255',
    ],
    [
      'the name of what was let through',
      [{ tag: 'a', origin: 'clean' }],
      'origins.0.origin: "clean" is CrowdSec\'s name for what was let through',
    ],
    [
      'bypass',
      [{ tag: 'a', origin: 'x', remediation: 'bypass' }],
      'origins.0.remediation: "bypass" is CrowdSec\'s name for letting through; a drop rule does the opposite',
    ],
    [
      'two remediations of one origin',
      [
        { tag: 'a', origin: 'x' },
        { tag: 'b', origin: 'x', remediation: 'captcha' },
      ],
      'origins.1.remediation: an origin has one remediation, or cscli counts two of its items as one: "x" is "ban" in origins[0] and "captcha" here',
    ],
  ])('%s', (_, origins, expected) => {
    expect(problems({ origins })).toEqual([expected]);
  });
});
