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
  level: level.prefault('info'),
  encoding: z.enum(['console', 'json']).default('console'),
});

/** Bounds of each instance; what comes later is counted as `_OTHER`. The upper bounds are those of the ledger's numbers. */
const attributeLimitsSchema = z.strictObject({
  tags: z.int().min(1).max(65_000).default(500),
  kinds: z.int().min(1).max(250).default(20),
  /** Series of `couic.reports`. */
  series: z.int().min(1).max(1_000_000).default(10_000),
  /** A tag without a rule, or a kind, that was not heard of for so long gives back its place. Milliseconds. */
  forget_after: durationSchema.refine((ms) => ms > 0, 'must be more than 0s').prefault('720h'),
});

/** Timers of Node hold no more than 2^31 ms; nobody waits a day for an end. */
const LONGEST_SHUTDOWN = 86_400_000;

export const serviceSchema = z.strictObject({
  extensions: z.array(z.string()).default([]),
  pipelines: z
    .record(z.string(), pipelineSchema)
    .refine(
      (pipelines) => Object.keys(pipelines).length > 0,
      'without a pipeline nothing runs: add metrics: {receivers: [couic], exporters: [prometheus]}',
    ),
  telemetry: z
    .strictObject({
      logs: logsSchema.prefault({}),
      /** Attributes of the OTel resource; an empty value takes a default attribute away. */
      resource: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).optional()).default({}),
    })
    .prefault({}),
  attribute_limits: attributeLimitsSchema.prefault({}),
  /** Time for an orderly end, in ms; what is not done by then is cut off. */
  shutdown_timeout: durationSchema
    .refine((value) => value > 0 && value <= LONGEST_SHUTDOWN, 'expected more than 0 and at most 24h')
    .prefault('10s'),
});

export type ServiceConfig = z.output<typeof serviceSchema>;
