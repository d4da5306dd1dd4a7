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
    endpoint: apiEndpointSchema
      .prefault('unix:///var/run/couic/couic.sock')
      .describe(
        'the socket of Couic (`[server] socket` of its configuration), or `https://host:port` of the reverse proxy in front of it. `http://` is for this host only: the token would cross the network in clear',
      ),
    instance: z
      .string({ error: 'name the instance: the same name as in the couic receiver that takes its reports' })
      .regex(/^[A-Za-z0-9._:-]{1,64}$/, 'a name is 1 to 64 letters, digits or . _ : - (it is shown in every metric)')
      .describe('the name that the receiver `couic` has for this Couic, so that both feed the same series'),
    token: tokenSchema('monitoring').describe(
      'of a client of the group `monitoring`. It may read counters, and nothing else',
    ),
    collection_interval: between('10s', 1000).describe(
      "from the beginning of one collection to that of the next. What falls out of Couic's counters between two collections is not counted (see below), so shorter is more exact",
    ),
    timeout: between('5s', 1).describe(
      'until an answer begins, connection included, and for a pause within one. A long list may take longer',
    ),
    count_from_start: z
      .boolean()
      .default(false)
      .describe('count what Couic counted before the bridge first asked it, too'),
    tls: tlsClientSchema.optional().describe('for `https://`; the certificate is for a proxy that asks for one'),
    reconcile: z
      .strictObject({
        interval: between('5m', 1000).describe('from the end of one comparison to the next'),
        token: tokenSchema('clientro').optional().meta({
          description:
            'of a client of the group `clientro`. The group `monitoring` may not list rules, and `clientro` may not read counters; only `admin` may do both, and a good deal more',
          otherwise: 'the `token` above',
        }),
      })
      .optional()
      .describe('compare the rules too'),
  })
  .refine(({ endpoint, tls }) => tls === undefined || endpoint.url.startsWith('https:'), {
    path: ['tls'],
    error: 'tls is for an https:// endpoint',
  });

export type CouicApiConfig = z.output<typeof configSchema>;
