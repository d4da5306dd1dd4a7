import { z } from 'zod';
import { durationSchema } from '../../src/config/duration.ts';
import { endpointSchema } from '../../src/config/endpoint.ts';
import { retrySchema } from '../../src/config/retry.ts';
import { tlsClientSchema } from '../../src/config/tls.ts';
import type { AnyFactory } from '../../src/service/component.ts';

const neverCreated = () => {
  throw new Error('configuration tests create nothing');
};

const instanceSchema = z
  .strictObject({
    name: z.string().min(1),
    token: z.string().optional(),
    tokens: z.array(z.string()).optional(),
  })
  .refine((instance) => !(instance.token && instance.tokens), { error: 'give token or tokens, not both' });

/** Factories whose schemas have every form that the bridge's own have; they cannot be created. */
export const fakeFactories: readonly AnyFactory[] = [
  {
    kind: 'receiver',
    type: 'couic',
    summary: 'is there for tests',
    stability: 'stable',
    schema: z.strictObject({
      endpoint: endpointSchema.prefault('127.0.0.1:8000'),
      instances: z
        .array(instanceSchema)
        .min(1)
        .prefault([{ name: 'couic' }]),
      log_reports: z.boolean().default(true),
      report_limit: z.int().min(1).max(1000).default(10),
    }),
    secrets: [
      ['instances', '*', 'token'],
      ['instances', '*', 'tokens'],
    ],
    create: neverCreated,
  },
  {
    kind: 'exporter',
    type: 'prometheus',
    summary: 'is there for tests',
    stability: 'stable',
    schema: z.strictObject({ endpoint: endpointSchema.prefault('127.0.0.1:9464') }),
    create: neverCreated,
  },
  {
    kind: 'exporter',
    type: 'crowdsec',
    summary: 'is there for tests',
    stability: 'stable',
    schema: z
      .strictObject({
        dry_run: z.boolean().default(false),
        endpoint: z.url().default('http://127.0.0.1:8080'),
        api_key: z.string().default(''),
        interval: durationSchema.prefault('30m'),
        items: z.union([z.literal('all'), z.array(z.enum(['reports', 'traffic', 'active_decisions']))]).default('all'),
        headers: z.record(z.string(), z.string()).default({}),
        tls: tlsClientSchema.optional(),
        retry_on_failure: retrySchema.prefault({}),
      })
      .refine((config) => config.dry_run || config.api_key !== '', {
        error: 'without dry_run a key is needed: cscli bouncers add NAME',
        path: ['api_key'],
      }),
    secrets: [['api_key'], ['headers', '*']],
    create: neverCreated,
  },
  {
    kind: 'exporter',
    type: 'otlp_http',
    aliases: ['otlphttp'],
    summary: 'is there for tests',
    stability: 'alpha',
    schema: z.strictObject({ endpoint: z.url() }),
    create: neverCreated,
  },
  {
    kind: 'extension',
    type: 'file_storage',
    summary: 'is there for tests',
    stability: 'stable',
    schema: z.strictObject({ directory: z.string().default('./data') }),
    create: neverCreated,
  },
];
