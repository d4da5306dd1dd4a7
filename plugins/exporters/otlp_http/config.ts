import { z } from 'zod';
import {
  headersSchema,
  httpUrlSchema,
  intervalSchemaWith,
  sendingQueueSchema,
  timeoutSchemaWith,
} from '../../../src/config/http-client.ts';
import { retrySchemaWith } from '../../../src/config/retry.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';

export const schema = z.strictObject({
  /** Base URL; `/v1/metrics` is added. */
  endpoint: httpUrlSchema.default('http://127.0.0.1:4318'),
  /** Whole URL in place of `endpoint`. */
  metrics_endpoint: httpUrlSchema.optional(),
  headers: headersSchema.default({}),
  compression: z.enum(['gzip', 'none']).default('gzip'),
  tls: tlsClientSchema.optional(),
  timeout: timeoutSchemaWith('30s'),
  interval: intervalSchemaWith('60s'),
  retry_on_failure: retrySchemaWith('5m').prefault({}),
  sending_queue: sendingQueueSchema.prefault({}),
});

export type OtlpHttpConfig = z.output<typeof schema>;

/** Where requests go. */
export function metricsUrl({ endpoint, metrics_endpoint }: OtlpHttpConfig): string {
  if (metrics_endpoint !== undefined) return metrics_endpoint;
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/metrics`;
  return url.href;
}
