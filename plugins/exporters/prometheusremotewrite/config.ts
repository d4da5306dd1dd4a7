import { z } from 'zod';
import {
  headersSchema,
  httpUrlSchema,
  intervalSchemaWith,
  sendingQueueSchema,
  timeoutSchemaWith,
} from '../../../src/config/http-client.ts';
import {
  extraLabelsSchema,
  namespaceSchema,
  resourceConversionSchema,
  translationStrategySchema,
  withoutScopeInfoSchema,
} from '../../../src/config/prometheus-naming.ts';
import { retrySchema } from '../../../src/config/retry.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';

export const schema = z.strictObject({
  endpoint: httpUrlSchema.describe('the whole URL'),
  headers: headersSchema.default({}),
  tls: tlsClientSchema
    .optional()
    .describe('for an `https` endpoint; read for each connection, so that renewed files are taken up'),
  timeout: timeoutSchemaWith('30s').describe(
    'until an answer begins, connection included. Its status decides; of its body at most 16 KiB are read, for a second at most',
  ),
  interval: intervalSchemaWith('60s').describe(
    'from one collection to the next; the first is at start, the last at shutdown. 1s to 24h. Prometheus shows no value that is older than 5 minutes: stay below half of that',
  ),
  sending_queue: sendingQueueSchema.prefault({}),
  namespace: namespaceSchema,
  external_labels: extraLabelsSchema.default({}).describe('labels on every series: `external_labels: {site: paris}`'),
  without_scope_info: withoutScopeInfoSchema,
  translation_strategy: translationStrategySchema,
  resource_to_telemetry_conversion: resourceConversionSchema,
  send_metadata: z.boolean().default(false).describe('also send type and help of each metric'),
  max_batch_size_bytes: z
    .int()
    .min(1000)
    .max(100_000_000)
    .default(3_000_000)
    .describe('a collection is cut into requests of about this size, before compression'),
  retry_on_failure: retrySchema.prefault({}),
});

export type RemoteWriteConfig = z.output<typeof schema>;
