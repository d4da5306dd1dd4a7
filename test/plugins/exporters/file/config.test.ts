import { expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../../../plugins/exporters/file/config.ts';

test('defaults', () => {
  expect(schema.parse({ path: '/var/log/events.json' })).toMatchObject({
    format: 'couic',
    create_directory: false,
    addresses: 'keep',
    queue: { max_age: 168 * 3_600_000, max_size_mib: 1024 },
  });
  expect(schema.parse({ path: 'a', rotation: {} }).rotation).toEqual({
    max_megabytes: 100,
    max_days: 0,
    max_backups: 100,
    localtime: false,
  });
});

test.each([
  [{}, 'expected string'],
  [{ path: '' }, 'expected the path of a file, as in /var/log/couic-otel-bridge/events.json'],
  [{ path: '/var/log/' }, 'expected the path of a file, not of a directory'],
  [{ path: 'a', format: 'proto' }, 'Invalid option'],
  [{ path: 'a', rotation: { max_megabytes: 0 } }, 'Too small'],
  [{ path: 'a', addresses: 'hmac' }, 'addresses: hmac needs hmac_key_file'],
])('%o is refused', (options, message) => {
  expect(z.prettifyError(schema.safeParse(options).error!)).toContain(message);
});
