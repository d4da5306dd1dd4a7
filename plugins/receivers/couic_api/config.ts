import { z } from 'zod';
import { durationSchema, formatDuration } from '../../../src/config/duration.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { apiEndpointSchema } from './endpoint.ts';

const LONGEST = 86_400_000;

const between = (value: string, shortest: number) =>
  durationSchema
    .prefault(value)
    .refine(
      (ms) => ms >= shortest && ms <= LONGEST,
      `expected a duration from ${formatDuration(shortest)} to ${formatDuration(LONGEST)}`,
    );

/** A token of a client of Couic. Others are refused before Couic writes them to its log. */
const tokenSchema = (group: string) =>
  z
    .string()
    .min(
      1,
      `the token is missing: "couicctl clients add -n otel-bridge -g ${group}" makes a client and shows its token`,
    )
    .regex(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^$/i,
      'a token of Couic is a UUID: "couicctl clients list" shows them',
    );

export const configSchema = z
  .strictObject({
    endpoint: apiEndpointSchema.prefault('unix:///var/run/couic/couic.sock'),
    instance: z
      .string({ error: 'name the instance: the same name as in the couic receiver that takes its reports' })
      .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'a name is 1 to 64 letters, digits or . _ : - (it is shown in every metric)'),
    token: tokenSchema('monitoring'),
    collection_interval: between('10s', 1000),
    timeout: between('5s', 1),
    count_from_start: z.boolean().default(false),
    tls: tlsClientSchema.optional(),
    reconcile: z
      .strictObject({
        interval: between('5m', 1000),
        token: tokenSchema('clientro').optional(),
      })
      .optional(),
  })
  .refine(({ endpoint, tls }) => tls === undefined || endpoint.url.startsWith('https:'), {
    path: ['tls'],
    error: 'tls is for an https:// endpoint',
  });

export type CouicApiConfig = z.output<typeof configSchema>;
