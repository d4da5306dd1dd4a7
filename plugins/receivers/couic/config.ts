import { z } from 'zod';
import { endpointSchema, formatEndpoint, isLoopback } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { addressOptions, privacyProblem } from '../../../src/events/options.ts';
import { boundOf, listenerLimitsShape, timeoutOf } from '../../../src/http/listener-limits.ts';
import { LONGEST_TOKEN } from '../../../src/http/tokens.ts';

/** Couic's HTTP client keeps an idle connection for 90 s; a server that ends it sooner makes requests fail at random. */
const COUIC_POOL_IDLE = 90_000;

const TOKEN_TEXT = /^[A-Za-z0-9._~-]*$/;

/** A token shorter than this can be guessed by trying; it is taken, with a warning, since a Couic that runs may have one. */
export const SHORT_TOKEN = 16;

/** It is shown in every metric. */
export const INSTANCE_NAME = /^[A-Za-z0-9._:-]{1,64}$/;

/** Empty stands for "none", so that `${env:NAME:-}` of an unset variable is a way to write it. */
const tokenSchema = z
  .string()
  .regex(
    TOKEN_TEXT,
    'a token is part of a URL: use letters, digits and . _ ~ - only, as in a UUID (couic-otel-bridge token makes one)',
  )
  .max(LONGEST_TOKEN, `a token has ${LONGEST_TOKEN} characters at most`);

const instanceSchema = z
  .strictObject({
    name: z
      .string()
      .regex(INSTANCE_NAME, 'a name is 1 to 64 letters, digits or . _ : - (it is shown in every metric)')
      .describe('the value of `couic.instance.name` in every metric'),
    token: tokenSchema
      .optional()
      .describe(
        `what follows \`/v1/reports/\` in the webhook, up to ${LONGEST_TOKEN} of \`A-Z a-z 0-9 . _ ~ -\`; one shorter than ${SHORT_TOKEN} is taken with a warning. \`couic-otel-bridge token\` makes a good one. Without a token the path is \`/v1/reports\`; that is allowed for one instance, on loopback only, and the log warns of it`,
      ),
    tokens: z
      .array(tokenSchema)
      .min(1, 'tokens is empty: list a token, or leave it out')
      .optional()
      .describe('several, all of them valid, in place of `token`: see below'),
  })
  .refine(({ token, tokens }) => token === undefined || tokens === undefined, {
    path: ['tokens'],
    error: 'token and tokens are two ways to say one thing: to rotate a token, list the new and the old one in tokens',
  });

/** `true` and `false` are what there was before. */
const logReportsSchema = z
  .union([z.enum(['lines', 'summary', 'off']), z.boolean()], { error: 'expected lines, summary or off' })
  .transform((value) => (typeof value === 'string' ? value : value ? 'lines' : 'summary'));

export const configSchema = z
  .strictObject({
    endpoint: endpointSchema.prefault('127.0.0.1:8000').describe('`host:port` to listen on'),
    instances: z
      .array(instanceSchema)
      .min(1, 'list the Couic that sends here: instances: [{name: couic, token: …}]')
      .prefault([{ name: 'couic' }])
      .describe(
        'the Couic firewalls that send here. Each needs its own entry and its own token: the rules of two would be mixed up otherwise',
      ),
    log_reports: logReportsSchema
      .prefault('lines')
      .describe(
        "what the log says of reports that were taken. `lines`: how many each request brought, and of a batch of up to 10 a line for each, which is what Couic's documentation has a person look for. `summary`: how many. `off`: nothing. (`true` and `false` are `lines` and `summary`.)",
      ),
    ...addressOptions,
    tls: tlsServerSchema
      .optional()
      .describe(
        'HTTPS. The files are looked at every 10 s; new ones are used for new connections, and files that cannot be used leave the old ones in place. Couic cannot show a certificate for `client_ca_file`; a proxy between the two can',
      ),
    read_header_timeout: timeoutOf('10s').describe('for the request line and the headers, and for the TLS handshake'),
    body_stall_timeout: timeoutOf('30s').describe(
      'a body of which less than 16 bytes come in this time is given up with 408. A body that is slow but moves is never cut, and neither is one that waits for its turn',
    ),
    idle_timeout: timeoutOf('2m')
      .refine(
        (ms) => ms > COUIC_POOL_IDLE,
        'must be longer than 90s: Couic keeps an idle connection that long, and would send into one that is closed already',
      )
      .describe('for a connection without a request. More than 90 s, since Couic keeps its own that long'),
    write_timeout: listenerLimitsShape.write_timeout,
    max_connections: boundOf(2048).describe(
      'one more takes the place of the one that is silent for the longest, of those first that never sent a good report; when all are at work, it is closed at once. When the process may not have as many files open, the listeners share what there is, and the log and `doctor` say so',
    ),
    max_concurrent_bodies: boundOf(512).describe(
      'bodies that wait or are under way; one more is answered with 503. Each takes up to about 300 KiB while it is read, and up to 1 MiB more for a report that is so long',
    ),
    max_concurrent_bodies_per_instance: boundOf(64).describe('likewise, of one Couic'),
  })
  .superRefine(({ endpoint, instances, ...privacy }, context) => {
    const problem = privacyProblem(privacy);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['addresses'], message: problem });
    for (const { path, message } of contradictions(instances, formatEndpoint(endpoint), isLoopback(endpoint.host))) {
      context.addIssue({ code: 'custom', path, message });
    }
  });

export type CouicReceiverConfig = z.output<typeof configSchema>;
export type InstanceConfig = CouicReceiverConfig['instances'][number];

/** The tokens that an instance answers to; none = it is open. */
export function tokensOf({ token, tokens }: InstanceConfig): string[] {
  return (tokens ?? [token ?? '']).filter((each) => each !== '');
}

function* contradictions(instances: readonly InstanceConfig[], endpoint: string, loopback: boolean) {
  const names = new Set<string>();
  const owners = new Map<string, string>();
  let open: string | undefined;
  for (const [index, instance] of instances.entries()) {
    const { name } = instance;
    if (names.has(name)) {
      yield { path: ['instances', index, 'name'], message: `the name "${name}" is taken: each Couic needs its own` };
    }
    names.add(name);
    const tokens = tokensOf(instance);
    const path = ['instances', index, instance.tokens ? 'tokens' : 'token'];
    for (const token of new Set(tokens)) {
      const owner = owners.get(token);
      if (owner !== undefined) {
        yield { path, message: `"${name}" and "${owner}" have the same token: reports could not be told apart` };
      }
      owners.set(token, name);
    }
    if (tokens.length > 0) continue;
    if (open !== undefined) {
      const message = `"${name}" and "${open}" have no token: only one instance can do without, give this one a token`;
      yield { path, message };
    }
    open ??= name;
    if (!loopback) {
      const message = `"${name}" has no token, and ${endpoint} can be reached from other hosts: anyone there could send reports. Give it a token (couic-otel-bridge token makes one) and append it to Couic's webhook, or listen on 127.0.0.1`;
      yield { path, message };
    }
  }
}
