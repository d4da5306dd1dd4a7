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
  translationStrategySchema,
} from '../../../src/config/prometheus-naming.ts';
import { retrySchema } from '../../../src/config/retry.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';

export const schema = z.strictObject({
  /** The whole URL. */
  endpoint: httpUrlSchema,
  headers: headersSchema.default({}),
  tls: tlsClientSchema.optional(),
  timeout: timeoutSchemaWith('30s'),
  interval: intervalSchemaWith('60s'),
  retry_on_failure: retrySchema.prefault({}),
  sending_queue: sendingQueueSchema.prefault({}),
  namespace: namespaceSchema.default(''),
  external_labels: extraLabelsSchema.default({}),
  without_scope_info: z.boolean().default(true),
  translation_strategy: translationStrategySchema.default('UnderscoreEscapingWithSuffixes'),
  resource_to_telemetry_conversion: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
  send_metadata: z.boolean().default(false),
  /** Before compression. */
  max_batch_size_bytes: z.int().min(1000).max(100_000_000).default(3_000_000),
});

export type RemoteWriteConfig = z.output<typeof schema>;
