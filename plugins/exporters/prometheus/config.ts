import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { notNeeded } from '../../../src/config/not-needed.ts';
import {
  extraLabelsSchema,
  namespaceSchema,
  resourceConversionSchema,
  translationStrategySchema,
  withoutScopeInfoSchema,
} from '../../../src/config/prometheus-naming.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { listenerLimitsShape } from '../../../src/http/listener-limits.ts';

export const configSchema = z.strictObject({
  endpoint: endpointSchema
    .prefault('127.0.0.1:9464')
    .describe(
      'where it listens. `GET /metrics` is answered, and `/` says where that is. On other than loopback it warns: whoever reaches it can read the metrics',
    ),
  tls: tlsServerSchema
    .optional()
    .describe(
      'HTTPS. Renewed files are taken up within 10 s. With `client_ca_file` only clients with a certificate of that authority may scrape',
    ),
  ...listenerLimitsShape,
  namespace: namespaceSchema,
  const_labels: extraLabelsSchema.default({}).describe('labels on every series: `const_labels: {site: paris}`'),
  without_scope_info: withoutScopeInfoSchema,
  translation_strategy: translationStrategySchema,
  enable_open_metrics: z
    .boolean()
    .default(true)
    .describe(
      'answer in OpenMetrics 1.0 to a scraper that asks for it; Prometheus does. Text otherwise, and always with `UnderscoreEscapingWithoutSuffixes`, since OpenMetrics demands `_total`',
    ),
  resource_to_telemetry_conversion: resourceConversionSchema,
  metric_expiration: notNeeded(
    'not needed here: a series goes with its last rule, and totals are kept on purpose; remove this line',
  ),
  send_timestamps: notNeeded(
    'not offered: Prometheus would not notice when a series ends; it stamps samples itself when it scrapes; remove this line',
  ),
  add_metric_suffixes: notNeeded('is deprecated in the Collector as well: use translation_strategy'),
});

export type PrometheusConfig = z.output<typeof configSchema>;
