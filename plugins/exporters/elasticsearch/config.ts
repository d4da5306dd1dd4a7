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
    endpoint: httpUrlSchema.optional().meta({
      description: 'base URL of the cluster; `/_bulk` is added. A query in it is kept',
      otherwise: 'required, or `endpoints`',
    }),
    endpoints: z
      .array(httpUrlSchema)
      .min(1)
      .optional()
      .describe('several URLs of one cluster, asked in turn. One that is not reached is passed over at once'),
    user: z.string().min(1).optional().describe('in place of `api_key`'),
    password: z.string().min(1).optional().describe('its password; secret'),
    api_key: headerValue
      .optional()
      .describe(
        'as Elasticsearch gives it out under `encoded`. It needs the privileges `create_doc` and `auto_configure` on `logs-couic.events-*`; secret. Or `user` and `password`, or an `authorization` in `headers`: one of them',
      ),
    headers: headersSchema.default({}),
    compression: z.enum(['gzip', 'none']).default('gzip').describe('or `none`'),
    tls: tlsClientSchema
      .optional()
      .describe('for an `https` endpoint; read for each connection, so that renewed files are taken up'),
    timeout: timeoutSchemaWith('90s')
      .refine((ms) => ms >= LEAST_TIMEOUT, {
        error: 'must be at least 15s: a node that was restarted takes that long to answer its first request',
      })
      .describe(
        'until an answer begins, connection included. At least `15s`: a node that was killed is reached again, and answers its first request after ten seconds and more',
      ),
    logs_index: z
      .string()
      .superRefine((name, context) => {
        const problem = indexNameProblem(name);
        if (problem) context.addIssue({ code: 'custom', message: problem });
      })
      .optional()
      .describe('one index, alias or data stream of that name, in place of the data stream'),
    logs_dynamic_index: z
      .strictObject({
        enabled: z
          .boolean()
          .default(false)
          .describe(
            'a data stream for each Couic: the name of the instance is the namespace, in lower case, with `_` for what no name may have. Who may read which Couic is then a matter of roles',
          ),
      })
      .prefault({}),
    data_stream: z
      .strictObject({
        dataset: dataStreamPart('dataset')
          .default('couic.events')
          .describe('events go to the data stream `logs-DATASET-NAMESPACE`, and carry both'),
        namespace: dataStreamPart('namespace').default('default').describe('likewise'),
      })
      .prefault({}),
    pipeline: z
      .string()
      .min(1)
      .optional()
      .describe('an ingest pipeline of the cluster that documents go through, `geoip` for example'),
    mapping: z
      .strictObject({
        mode: z
          .enum(['ecs', 'none'])
          .default('ecs')
          .describe(
            '`ecs`: the Elastic Common Schema, with `couic.*` for what it has no name for; the template has every field. `none`: the names of OpenTelemetry, as the Collector writes a LogRecord in its mode of that name, see below',
          ),
      })
      .prefault({}),
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
