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
    endpoint: httpUrlSchema
      .default('http://127.0.0.1:4318')
      .describe('base URL of the receiver; `/v1/metrics` and `/v1/logs` are added'),
    metrics_endpoint: httpUrlSchema.optional().describe('the whole URL for metrics, in place of `endpoint`'),
    logs_endpoint: httpUrlSchema.optional().describe('the whole URL for events, in place of `endpoint`'),
    headers: headersSchema.default({}),
    compression: z.enum(['gzip', 'none']).default('gzip').describe('or `none`'),
    tls: tlsClientSchema
      .optional()
      .describe('for an `https` endpoint; read for each connection, so that renewed files are taken up'),
    timeout: timeoutSchemaWith('30s').describe(
      'until an answer begins, connection included. Its status decides; of its body at most 16 KiB are read, for a second at most',
    ),
    interval: intervalSchemaWith('60s'),
    sending_queue: sendingQueueSchema.prefault({}).describe('of metrics'),
    ...eventOptions,
    retry_on_failure: retrySchemaWith('5m')
      .prefault({})
      .describe('of metrics and events; `enabled` and `max_elapsed_time` are for metrics alone'),
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
