import { hostname } from 'node:os';
import { z } from 'zod';
import { durationSchema } from '../../../src/config/duration.ts';
import { timeoutSchemaWith } from '../../../src/config/http-client.ts';
import { tlsClientSchema } from '../../../src/config/tls.ts';
import { FACILITIES, SEVERITIES } from '../../../src/events/formats/rfc5424.ts';
import { eventOptions, privacyProblem } from '../../../src/events/options.ts';

/** Of RFC 5425, and of everything without TLS. */
const TLS_PORT = 6514;
const PORT = 514;
/** What rsyslog takes by default, and what goes through a network in one packet. */
const TCP_SIZE = 8192;
const UDP_SIZE = 1400;
const LARGEST_DATAGRAM = 65_507;

const word = (most: number) =>
  z
    .string()
    .regex(new RegExp(`^[\\x21-\\x7e]{1,${most}}$`), `expected 1 to ${most} printable ASCII characters without spaces`);

const options = z.strictObject({
  endpoint: z
    .string()
    .regex(
      /^[a-z0-9_.:-]+$/i,
      'expected a name or an address, without a scheme and without a port, which has an option of its own',
    )
    .refine((host) => !/^[^:]*:\d*$/.test(host), 'expected no port here: it has an option of its own, port')
    .describe('a name or an address, without a port'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .meta({ description: 'the port there', otherwise: '6514 with TLS, else 514' }),
  network: z.enum(['tcp', 'udp']).default('tcp').describe('or `udp`'),
  protocol: z.enum(['rfc5424']).default('rfc5424').describe('there is no other'),
  enable_octet_counting: z
    .boolean()
    .default(true)
    .describe('each message after its length. `false`: each ends with a line feed'),
  tls: tlsClientSchema
    .safeExtend({ insecure: z.boolean().default(false).describe('no TLS') })
    .optional()
    .describe('of `network: tcp`, which speaks TLS unless told otherwise; read for each connection'),
  timeout: timeoutSchemaWith('5s').describe(
    'until a connection stands, and for the other side to take the next 64 KiB',
  ),
  facility: z.enum(FACILITIES).default('local4').describe('of every message'),
  severity: z.enum(SEVERITIES).default('notice').describe('of an event'),
  quarantine_severity: z.enum(SEVERITIES).default('warning').describe('of a report that was not valid'),
  hostname: word(255)
    .optional()
    .meta({ description: 'what every message says of its sender', otherwise: 'the name of this host' }),
  app_name: word(48).default('couic-otel-bridge').describe('likewise'),
  sd_id: z
    .string()
    .regex(
      /^[\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]+@\d+(\.\d+)*$/,
      'expected a name, @ and a private enterprise number, as in couic@32473',
    )
    .max(32)
    .default('couic@32473')
    .describe("of the structured data. 32473 is the number that documentation may use: give your organisation's own"),
  max_message_size: z.int().min(1024).max(1_048_576).optional().meta({
    description:
      'bytes of a message; rsyslog takes 8192 unless its `maxMessageSize` says more. Of a longer one `extra` is left out, then text cut short, and `cut="true"` says so',
    otherwise: '8192, over UDP 1400',
  }),
  resend_max_age: durationSchema
    .refine((ms) => ms <= 3_600_000, 'must be at most 1h')
    .prefault('60s')
    .describe('after a break, what was written so lately is sent again; `0s` = nothing'),
  ...eventOptions,
});

export const schema = options
  .superRefine((config, context) => {
    const problem = privacyProblem(config) ?? networkProblem(config);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  })
  .transform((config) => ({
    ...config,
    hostname: config.hostname ?? ownName(),
    port: config.port ?? (isSecure(config) ? TLS_PORT : PORT),
    max_message_size: config.max_message_size ?? (config.network === 'udp' ? UDP_SIZE : TCP_SIZE),
  }));

/** As a header can have it; a host may be named otherwise. */
function ownName(): string {
  return (
    hostname()
      .replace(/[^\x21-\x7e]/g, '')
      .slice(0, 255) || '-'
  );
}

function networkProblem({ network, tls, max_message_size: size }: z.output<typeof options>): string | undefined {
  if (network !== 'udp') return undefined;
  if (tls !== undefined) return 'tls goes with network: tcp only';
  if (size !== undefined && size > LARGEST_DATAGRAM)
    return `max_message_size: a datagram holds ${LARGEST_DATAGRAM} bytes at most`;
  return undefined;
}

/** TLS is what it speaks unless told otherwise. */
export function isSecure({ network, tls }: Pick<z.output<typeof options>, 'network' | 'tls'>): boolean {
  return network === 'tcp' && tls?.insecure !== true;
}

export type SyslogConfig = z.output<typeof schema>;
