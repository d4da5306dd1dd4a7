import { z } from 'zod';
import { durationSchema } from '../../../src/config/duration.ts';
import { type Endpoint, endpointSchema, formatEndpoint, isLoopback } from '../../../src/config/endpoint.ts';
import { tlsServerSchema } from '../../../src/config/tls.ts';
import { boundOf, listenerLimitsShape, timeoutOf } from '../../../src/http/listener-limits.ts';
import { LONGEST_TOKEN } from '../../../src/http/tokens.ts';

const MIB = 1024 * 1024;
/** A request is held whole while it is decoded. */
const LARGEST_BODY = 256 * MIB;
/** Shorter than this, a token can be guessed by trying. */
const SHORTEST_TOKEN = 16;

/** As the Collector writes it: a protocol that is named has all its defaults. */
const named = (value: unknown) => (value === null ? {} : value);

const maxRequestBodySize = z
  .int()
  .min(1024)
  .max(LARGEST_BODY)
  .default(20 * MIB)
  .describe('bytes of one request, compressed or not; one that is larger is refused and never taken');

const tls = tlsServerSchema
  .optional()
  .describe('TLS. The files are looked at every 10 s; new ones are used for new connections');

const httpSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:4318').describe('`host:port` to listen on'),
  tls,
  max_request_body_size: maxRequestBodySize,
  read_timeout: timeoutOf('30s').describe('for a body to come whole; then it is given up with 408'),
  ...listenerLimitsShape,
});

const grpcSchema = z.strictObject({
  endpoint: endpointSchema.prefault('127.0.0.1:4317').describe('`host:port` to listen on'),
  tls: tlsServerSchema.optional().describe('TLS, as of `http`; renewed files are used after a reload'),
  max_request_body_size: maxRequestBodySize.describe('likewise; the Collector calls it `max_recv_msg_size_mib`'),
  idle_timeout: listenerLimitsShape.idle_timeout,
  max_connections: boundOf(64).describe('one more is closed at once'),
});

const tokenSchema = z
  .string()
  .regex(/^[A-Za-z0-9._~+/=-]*$/, 'a token is part of a header: use letters, digits and . _ ~ + / = - only')
  .min(
    SHORTEST_TOKEN,
    `a token has ${SHORTEST_TOKEN} characters at least, or it can be guessed: couic-otel-bridge token makes one`,
  )
  .max(LONGEST_TOKEN, `a token has ${LONGEST_TOKEN} characters at most`);

export const configSchema = z
  .strictObject({
    protocols: z
      .strictObject({
        http: z
          .preprocess(named, httpSchema.optional())
          .describe(
            'OTLP over HTTP, protobuf and JSON: `POST /v1/metrics`. `{}`, or nothing after the colon, has all defaults',
          ),
        grpc: z.preprocess(named, grpcSchema.optional()).describe('OTLP over gRPC; what it takes is loaded only then'),
      })
      .refine(({ http, grpc }) => http !== undefined || grpc !== undefined, {
        error: 'name a protocol: http, grpc, or both, as in protocols: {http: {}}',
      })
      .describe('how it can be sent to'),
    auth: z
      .strictObject({
        tokens: z
          .array(tokenSchema)
          .min(1, 'tokens is empty: list a token, or leave auth out')
          .describe(
            'bearer tokens, each of them valid: `Authorization: Bearer TOKEN`. To rotate one, list the new and the old one',
          ),
      })
      .optional()
      .describe('who may send. Needed where others than this host can reach it, or a `client_ca_file` in its place'),
    max_series: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(100_000)
      .describe('series of which a total is kept; points of others are refused. Some 500 bytes of memory each'),
    metric_expiration: durationSchema
      .refine((ms) => ms >= 1000, 'must be 1s or more')
      .prefault('5m')
      .describe(
        'a series that is not heard of for this long is shown no more. Its total is kept, and goes on when it comes again',
      ),
    forget_after: durationSchema
      .refine((ms) => ms >= 60_000, 'must be 1m or more')
      .prefault('720h')
      .describe('after this long in addition its total goes too, and gives back its place'),
    max_concurrent_requests: boundOf(64).describe('requests under way, of all protocols; one more is to be sent again'),
  })
  .superRefine(({ protocols, auth, metric_expiration, forget_after }, context) => {
    for (const name of ['http', 'grpc'] as const) {
      const protocol = protocols[name];
      if (!protocol || auth || protocol.tls?.client_ca_file !== undefined || isLoopback(protocol.endpoint.host))
        continue;
      context.addIssue({
        code: 'custom',
        path: ['protocols', name, 'endpoint'],
        message: `${formatEndpoint(protocol.endpoint)} can be reached from other hosts, and anyone there could send what he likes: give auth.tokens (couic-otel-bridge token makes one), ask for certificates with tls.client_ca_file, or listen on 127.0.0.1`,
      });
    }
    if (forget_after < metric_expiration)
      context.addIssue({ code: 'custom', path: ['forget_after'], message: 'is shorter than metric_expiration' });
  });

export type OtlpReceiverConfig = z.output<typeof configSchema>;
export type HttpConfig = NonNullable<OtlpReceiverConfig['protocols']['http']>;
export type GrpcConfig = NonNullable<OtlpReceiverConfig['protocols']['grpc']>;

/** Where it listens. */
export function endpointsOf({ protocols: { http, grpc } }: OtlpReceiverConfig): Endpoint[] {
  return [http, grpc].flatMap((protocol) => protocol?.endpoint ?? []);
}
