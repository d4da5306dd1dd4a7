import { z } from 'zod';
import { durationSchema } from './duration.ts';

const level = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(['debug', 'info', 'warn', 'error']),
);

const pipelineSchema = z.strictObject({
  receivers: z.array(z.string()).min(1, 'a pipeline needs at least one receiver'),
  exporters: z.array(z.string()).min(1, 'a pipeline needs at least one exporter'),
});

const logsSchema = z.strictObject({
  level: level.prefault('info').describe('`debug`, `info`, `warn` or `error`'),
  encoding: z
    .enum(['console', 'json'])
    .default('console')
    .describe('lines for a person, or `json`, an object a line. The log goes to the standard output'),
});

/** Bounds of each instance; what comes later is counted as `_OTHER`. The upper bounds are those of the ledger's numbers. */
const attributeLimitsSchema = z.strictObject({
  tags: z
    .int()
    .min(1)
    .max(65_000)
    .default(500)
    .describe(
      'distinct tags that get a series of their own, for each instance. First come, first kept, over restarts too; later ones are counted as `_OTHER`, and `couic_attribute_overflows_total` counts how often. At most 65000',
    ),
  kinds: z.int().min(1).max(250).default(20).describe('likewise, of distinct kinds. At most 250'),
  series: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe(
      'series of `couic.reports`, for each instance: tags, kinds and what a report says of action, policy and address family multiply. A new one beyond it is counted with `_OTHER` for both',
    ),
  forget_after: durationSchema
    .refine((ms) => ms > 0, 'must be more than 0s')
    .prefault('720h')
    .describe(
      'a tag without a rule that was not heard of for so long gives back its place, and a kind likewise. An exporter that tells differences takes the last of it before that; keep it well above the interval of everything else that reads',
    ),
});

/** Timers of Node hold no more than 2^31 ms; nobody waits a day for an end. */
const LONGEST_SHUTDOWN = 86_400_000;

export const serviceSchema = z.strictObject({
  extensions: z.array(z.string()).default([]).describe('the extensions in use. One of them has to be the storage'),
  pipelines: z
    .record(z.string(), pipelineSchema)
    .refine(
      (pipelines) => Object.keys(pipelines).length > 0,
      'without a pipeline nothing runs: add metrics: {receivers: [couic], exporters: [prometheus]}',
    )
    .describe(
      '`metrics` for totals, `logs` for events, or `metrics/NAME` and `logs/NAME` when there are several; each with `receivers` and `exporters`, lists of ids from the sections above. See below',
    ),
  telemetry: z
    .strictObject({
      logs: logsSchema.prefault({}),
      resource: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]).optional())
        .default({})
        .describe(
          'attributes of the OpenTelemetry resource, over `service.name`, `service.version`, `service.instance.id` (a UUID, kept in the storage) and those of `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`. An empty value takes an attribute away',
        ),
    })
    .prefault({}),
  attribute_limits: attributeLimitsSchema.prefault({}),
  shutdown_timeout: durationSchema
    .refine((value) => value > 0 && value <= LONGEST_SHUTDOWN, 'expected more than 0 and at most 24h')
    .prefault('10s')
    .describe(
      'time for an orderly end. Receivers may take half of it and exporters nine tenths, so that a client that hangs does not cost an exporter its last words. What is not done by then is cut off; nothing that was committed is lost',
    ),
});

export type ServiceConfig = z.output<typeof serviceSchema>;
