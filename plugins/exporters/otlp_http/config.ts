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
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';

export const schema = z
  .strictObject({
    ...eventOptions,
    /** Base URL; `/v1/metrics` is added. */
    endpoint: httpUrlSchema.default('http://127.0.0.1:4318'),
    /** Whole URL in place of `endpoint`. */
    metrics_endpoint: httpUrlSchema.optional(),
    /** Whole URL for events, in place of `endpoint` with `/v1/logs`. */
    logs_endpoint: httpUrlSchema.optional(),
    headers: headersSchema.default({}),
    compression: z.enum(['gzip', 'none']).default('gzip'),
    tls: tlsClientSchema.optional(),
    timeout: timeoutSchemaWith('30s'),
    interval: intervalSchemaWith('60s'),
    retry_on_failure: retrySchemaWith('5m').prefault({}),
    sending_queue: sendingQueueSchema.prefault({}),
  })
  .superRefine((config, context) => {
    const problem = privacyProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

export type OtlpHttpConfig = z.output<typeof schema>;

/** Where metrics go. */
export function metricsUrl({ endpoint, metrics_endpoint }: OtlpHttpConfig): string {
  return metrics_endpoint ?? below(endpoint, '/v1/metrics');
}

/** Where events go. */
export function logsUrl({ endpoint, logs_endpoint }: OtlpHttpConfig): string {
  return logs_endpoint ?? below(endpoint, '/v1/logs');
}

function below(endpoint: string, path: string): string {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
  return url.href;
}
