import { z } from 'zod';
import { endpointSchema } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { addressOptions, privacyProblem } from '../../../src/events/options.ts';
import { listenerLimitsShape } from '../../../src/http/listener-limits.ts';

/** One that is shorter could be guessed, however slowly. */
const SHORTEST_TOKEN = 16;
/** Characters of the longest one. */
const LONGEST_TOKEN = 200;

/** Empty stands for "none", so that `${env:NAME:-}` of an unset variable is a way to write it. */
const tokenSchema = z
  .string()
  .regex(/^[\x21-\x7e]*$/, 'a token has printable characters of ASCII only, and no space: it is sent in a header')
  .refine(
    ({ length }) => length === 0 || length >= SHORTEST_TOKEN,
    `a token that cannot be guessed has at least ${SHORTEST_TOKEN} characters: couic-otel-bridge token makes one`,
  )
  .max(LONGEST_TOKEN, `a token has ${LONGEST_TOKEN} characters at most`);

/** Without a port: that of whoever forwards is another one. */
const hostSchema = z
  .string()
  .regex(/^[A-Za-z0-9.-]{1,253}$/, 'expected the name of a host, without scheme and port, as in bridge.example')
  .transform((name) => name.toLowerCase());

export const configSchema = z
  .strictObject({
    endpoint: endpointSchema.prefault('127.0.0.1:13134').describe('where it listens'),
    token: tokenSchema
      .default('')
      .describe('what logs in, at least 16 characters; `couic-otel-bridge token` makes one. Without one only codes do'),
    allowed_hosts: z
      .array(hostSchema)
      .prefault([])
      .describe(
        'names by which a proxy leads here. `localhost`, addresses and the host of `endpoint` are answered in any case',
      ),
    ...addressOptions,
    tls: tlsServerSchema.optional().describe('HTTPS. Renewed files are taken up within 10 s'),
    ...listenerLimitsShape,
  })
  .superRefine((options, context) => {
    const problem = privacyProblem(options);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['addresses'], message: problem });
  });

export type StatusPageConfig = z.output<typeof configSchema>;
