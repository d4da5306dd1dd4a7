import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { metricsUrl, schema } from '../../../../plugins/exporters/otlp_http/config.ts';

test('defaults', () => {
  expect(schema.parse({})).toMatchObject({
    endpoint: 'http://127.0.0.1:4318',
    headers: {},
    compression: 'gzip',
    timeout: 30_000,
    interval: 60_000,
    retry_on_failure: { enabled: true, max_elapsed_time: 300_000 },
    sending_queue: { queue_size: 100 },
  });
});

describe('where requests go', () => {
  test.each([
    [{}, 'http://127.0.0.1:4318/v1/metrics'],
    [{ endpoint: 'https://a.example/otlp/' }, 'https://a.example/otlp/v1/metrics'],
    [{ endpoint: 'https://a.example/?key=x' }, 'https://a.example/v1/metrics?key=x'],
    [{ metrics_endpoint: 'https://a.example/ingest' }, 'https://a.example/ingest'],
  ])('%o: %s', (options, url) => {
    expect(metricsUrl(schema.parse(options))).toBe(url);
  });
});

test.each([
  [{ endpoint: 'collector:4318' }, 'expected http:// or https://'],
  [{ endpoint: '127.0.0.1:4318' }, 'expected an address with its scheme, as in https://host.example:4318'],
  [{ endpoint: 'http://user:pass@host' }, 'no user and no password here, where they would be printed: use headers'],
  [{ endpoint: 'http://host/#a' }, 'no fragment here'],
  [{ headers: { 'a b': 'x' } }, 'is not the name of a header'],
  [{ headers: { 'Content-Type': 'x' } }, 'is set by the exporter'],
  [{ headers: { key: 'x\n' } }, 'has characters that no header may have, perhaps a line break'],
  [{ interval: '500ms' }, 'must be between 1s and 24h'],
  [{ timeout: '0' }, 'must be more than 0s and at most 24h'],
  [{ compression: 'zstd' }, 'Invalid option'],
])('%o is refused', (options, message) => {
  expect(z.prettifyError(schema.safeParse(options).error!)).toContain(message);
});
