import { describe, expect, test } from 'vitest';
import { configSchema, tokensOf } from '../../../../plugins/receivers/couic/config.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const OTHER = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

/** `path: message` of each thing that is wrong. */
function problems(config: unknown): string[] {
  const result = configSchema.safeParse(config);
  return result.success ? [] : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

test('everything has a default: one open instance on loopback, at the address of couic-report', () => {
  expect(configSchema.parse({})).toEqual({
    endpoint: { host: '127.0.0.1', port: 8000 },
    instances: [{ name: 'couic' }],
    log_reports: 'lines',
    addresses: 'keep',
    truncate: { ipv4: 24, ipv6: 48 },
    read_header_timeout: 10_000,
    body_stall_timeout: 30_000,
    idle_timeout: 120_000,
    write_timeout: 30_000,
    max_connections: 2048,
    max_concurrent_bodies: 512,
    max_concurrent_bodies_per_instance: 64,
  });
});

test('what is logged of reports, in the words of before as well', () => {
  for (const [written, meant] of [
    ['lines', 'lines'],
    ['summary', 'summary'],
    ['off', 'off'],
    [true, 'lines'],
    [false, 'summary'],
  ])
    expect(configSchema.parse({ log_reports: written }).log_reports).toBe(meant);
  expect(problems({ log_reports: 'none' })).toEqual(['log_reports: expected lines, summary or off']);
  expect(problems({ addresses: 'hmac' })[0]).toMatch(/^addresses: addresses: hmac needs hmac_key_file/);
});

test('a token can be rotated, and an empty one is none', () => {
  const { instances } = configSchema.parse({
    instances: [
      { name: 'a', tokens: [TOKEN, OTHER] },
      { name: 'b', token: '' },
    ],
  });
  expect(instances.map(tokensOf)).toEqual([[TOKEN, OTHER], []]);
});

test('an instance without a token is allowed where this host alone is heard', () => {
  for (const endpoint of ['[::1]:8000', '[::ffff:127.0.0.1]:8000', 'localhost:8000']) {
    expect(configSchema.safeParse({ endpoint }).success).toBe(true);
  }
  expect(configSchema.safeParse({ endpoint: '[::ffff:10.0.0.1]:8000' }).success).toBe(false);
});

describe('refused', () => {
  const cases: [string, unknown, string[]][] = [
    [
      'an open instance on an address that others reach',
      { endpoint: '0.0.0.0:8000', instances: [{ name: 'edge' }] },
      [
        'instances.0.token: "edge" has no token, and 0.0.0.0:8000 can be reached from other hosts: anyone there could send reports. Give it a token (couic-otel-bridge token makes one) and append it to Couic\'s webhook, or listen on 127.0.0.1',
      ],
    ],
    [
      'two open instances',
      { instances: [{ name: 'a' }, { name: 'b', tokens: [''] }] },
      ['instances.1.tokens: "b" and "a" have no token: only one instance can do without, give this one a token'],
    ],
    [
      'one token for two',
      {
        instances: [
          { name: 'a', token: TOKEN },
          { name: 'b', tokens: [OTHER, TOKEN] },
        ],
      },
      ['instances.1.tokens: "b" and "a" have the same token: reports could not be told apart'],
    ],
    [
      'one name for two',
      {
        instances: [
          { name: 'a', token: TOKEN },
          { name: 'a', token: OTHER },
        ],
      },
      ['instances.1.name: the name "a" is taken: each Couic needs its own'],
    ],
    [
      'token beside tokens',
      { instances: [{ name: 'a', token: TOKEN, tokens: [OTHER] }] },
      [
        'instances.0.tokens: token and tokens are two ways to say one thing: to rotate a token, list the new and the old one in tokens',
      ],
    ],
    [
      'a token that a path cannot hold',
      { instances: [{ name: 'a', token: `${TOKEN}/x` }] },
      [
        'instances.0.token: a token is part of a URL: use letters, digits and . _ ~ - only, as in a UUID (couic-otel-bridge token makes one)',
      ],
    ],
    [
      'a keep-alive shorter than that of Couic',
      { idle_timeout: '90s' },
      [
        'idle_timeout: must be longer than 90s: Couic keeps an idle connection that long, and would send into one that is closed already',
      ],
    ],
  ];
  test.each(cases)('%s', (_name, config, expected) => {
    expect(problems(config)).toEqual(expected);
  });

  test('and no message shows a token', () => {
    for (const [, config] of cases) {
      for (const secret of [TOKEN, OTHER, 'hunter2']) expect(problems(config).join()).not.toContain(secret);
    }
  });
});
