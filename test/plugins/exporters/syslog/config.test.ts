import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { isSecure, schema } from '../../../../plugins/exporters/syslog/config.ts';

test('defaults: TCP with TLS, counted', () => {
  const config = schema.parse({ endpoint: 'siem.example' });
  expect(config).toMatchObject({
    port: 6514,
    network: 'tcp',
    protocol: 'rfc5424',
    enable_octet_counting: true,
    timeout: 5000,
    facility: 'local4',
    severity: 'notice',
    quarantine_severity: 'warning',
    hostname: hostname(),
    app_name: 'couic-otel-bridge',
    sd_id: 'couic@32473',
    max_message_size: 8192,
    resend_max_age: 60_000,
  });
  expect(isSecure(config)).toBe(true);
});

test.each([
  [{ tls: { insecure: true } }, { port: 514, max_message_size: 8192 }, false],
  [{ tls: { ca_file: 'ca.pem' } }, { port: 6514 }, true],
  [{ network: 'udp' }, { port: 514, max_message_size: 1400 }, false],
])('%o', (options, expected, secure) => {
  const config = schema.parse({ endpoint: '::1', ...options });
  expect(config).toMatchObject(expected);
  expect(isSecure(config)).toBe(secure);
});

test.each([
  [{}, 'expected string'],
  [{ endpoint: 'tcp://siem' }, 'expected a name or an address, without a scheme'],
  [{ endpoint: 'siem:514' }, 'expected no port here: it has an option of its own, port'],
  [{ endpoint: 'siem', network: 'udp', tls: {} }, 'tls goes with network: tcp only'],
  [{ endpoint: 'siem', network: 'udp', max_message_size: 70_000 }, 'a datagram holds 65507 bytes at most'],
  [{ endpoint: 'siem', sd_id: 'couic' }, 'as in couic@32473'],
  [{ endpoint: 'siem', sd_id: 'a]b@1' }, 'as in couic@32473'],
  [{ endpoint: 'siem', hostname: 'a b' }, 'expected 1 to 255 printable ASCII characters without spaces'],
  [{ endpoint: 'siem', facility: 'local9' }, 'Invalid option'],
  [{ endpoint: 'siem', protocol: 'rfc3164' }, 'Invalid input'],
  [{ endpoint: 'siem', addresses: 'hmac' }, 'addresses: hmac needs hmac_key_file'],
])('%o is refused', (options, message) => {
  expect(z.prettifyError(schema.safeParse(options).error!)).toContain(message);
});
