import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import {
  extraLabelsSchema,
  namespaceSchema,
  translationStrategySchema,
} from '../../../src/config/prometheus-naming.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { listenerLimitsShape } from '../../../src/http/listener-limits.ts';

/** An option of the Collector's exporter that has no place here: named, so that the answer can say why. */
const notNeeded = (reason: string) => z.undefined({ error: reason }).optional();

export const configSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:9464'),
  tls: tlsServerSchema.optional(),
  ...listenerLimitsShape,
  namespace: namespaceSchema.default(''),
  const_labels: extraLabelsSchema.default({}),
  without_scope_info: z.boolean().default(true),
  translation_strategy: translationStrategySchema.default('UnderscoreEscapingWithSuffixes'),
  enable_open_metrics: z.boolean().default(true),
  resource_to_telemetry_conversion: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  metric_expiration: notNeeded(
    'not needed here: a series goes with its last rule, and totals are kept on purpose; remove this line',
  ),
  send_timestamps: notNeeded(
    'not offered: Prometheus would not notice when a series ends; it stamps samples itself when it scrapes; remove this line',
  ),
  add_metric_suffixes: notNeeded('is deprecated in the Collector as well: use translation_strategy'),
});

export type PrometheusConfig = z.output<typeof configSchema>;
