import { z } from 'zod';
import { headersSchema, httpUrlSchema, timeoutSchemaWith } from '../../../src/config/http-client.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';
import { dataStreamPart, indexNameProblem } from './index-names.ts';

/** After a kill a node with much in its translog is reached, and answers nothing for ten seconds and more. */
const LEAST_TIMEOUT = 15_000;

const headerValue = z.string().regex(/^[\x20-\x7e]+$/, 'has characters that no header may have, perhaps a line break');

export const schema = z
  .strictObject({
    /** Base URL; `/_bulk` is added. */
    endpoint: httpUrlSchema.optional(),
    /** Of one cluster, asked in turn. */
    endpoints: z.array(httpUrlSchema).min(1).optional(),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    /** "Encoded", as Elasticsearch gives it out: `id:api_key` in Base64. */
    api_key: headerValue.optional(),
    headers: headersSchema.default({}),
    compression: z.enum(['gzip', 'none']).default('gzip'),
    tls: tlsClientSchema.optional(),
    timeout: timeoutSchemaWith('90s').refine((ms) => ms >= LEAST_TIMEOUT, {
      error: 'must be at least 15s: a node that was restarted takes that long to answer its first request',
    }),
    /** Name of the one index or data stream. */
    logs_index: z
      .string()
      .superRefine((name, context) => {
        const problem = indexNameProblem(name);
        if (problem) context.addIssue({ code: 'custom', message: problem });
      })
      .optional(),
    /** A data stream for each Couic: the name of the instance in the place of `data_stream.namespace`. */
    logs_dynamic_index: z.strictObject({ enabled: z.boolean().default(false) }).prefault({}),
    /** Without `logs_index`: `logs-DATASET-NAMESPACE`. */
    data_stream: z
      .strictObject({
        dataset: dataStreamPart('dataset').default('couic.events'),
        namespace: dataStreamPart('namespace').default('default'),
      })
      .prefault({}),
    /** An ingest pipeline of the cluster. */
    pipeline: z.string().min(1).optional(),
    mapping: z.strictObject({ mode: z.enum(['ecs', 'none']).default('ecs') }).prefault({}),
    ...eventOptions,
  })
  .superRefine((config, context) => {
    for (const message of problems(config)) context.addIssue({ code: 'custom', message });
  });

export type ElasticsearchConfig = z.output<typeof schema>;

type Checked = Parameters<typeof privacyProblem>[0] &
  Pick<
    ElasticsearchConfig,
    'endpoint' | 'endpoints' | 'user' | 'password' | 'api_key' | 'headers' | 'logs_index' | 'logs_dynamic_index'
  >;

function* problems(config: Checked): Generator<string> {
  const { endpoint, endpoints, user, password, api_key, headers, logs_index, logs_dynamic_index } = config;
  if ((endpoint === undefined) === (endpoints === undefined))
    yield 'give endpoint, or endpoints with several, not both';
  if ((user === undefined) !== (password === undefined)) yield 'user and password go together: give both or neither';
  const ways = [user, api_key, Object.keys(headers).find((name) => name.toLowerCase() === 'authorization')];
  if (ways.filter((way) => way !== undefined).length > 1)
    yield 'give one of user with password, api_key, and an authorization header: the other side looks at one only';
  if (logs_index !== undefined && logs_dynamic_index.enabled)
    yield 'logs_index names one index for all, logs_dynamic_index one for each Couic: give one of them';
  const problem = privacyProblem(config);
  if (problem !== undefined) yield problem;
}
