import { expect, test } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../../../../plugins/exporters/prometheus/config.ts';

test('defaults', () => {
  expect(configSchema.parse({})).toEqual({
    endpoint: { host: '127.0.0.1', port: 9464 },
    read_header_timeout: 10_000,
    idle_timeout: 120_000,
    write_timeout: 30_000,
    max_connections: 64,
    namespace: '',
    const_labels: {},
    without_scope_info: true,
    translation_strategy: 'UnderscoreEscapingWithSuffixes',
    enable_open_metrics: true,
    resource_to_telemetry_conversion: { enabled: false },
  });
});

test.each([
  [{ const_labels: { 'a-b': 'x' } }, 'a label name has letters, digits and _, and does not begin with a digit'],
  [{ const_labels: { __a: 'x' } }, 'names that begin with __ are reserved by Prometheus'],
  [{ const_labels: { couic_rule_tag: 'x' } }, 'is a label of the metrics themselves'],
  [{ const_labels: { le: 'x' } }, 'or one that Prometheus sets: choose another name'],
  [{ namespace: '9a' }, 'a namespace has letters, digits, _ and :'],
  [{ metric_expiration: '5m' }, 'not needed here: a series goes with its last rule'],
  [{ send_timestamps: true }, 'Prometheus would not notice when a series ends'],
  [{ add_metric_suffixes: false }, 'use translation_strategy'],
])('%o is refused', (options, message) => {
  const { error } = configSchema.safeParse(options);
  expect(z.prettifyError(error!)).toContain(message);
});
