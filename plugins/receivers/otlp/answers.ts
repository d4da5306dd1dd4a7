import { create, type DescMessage, type MessageShape, toBinary, toJsonString } from '@bufbuild/protobuf';
import { anyPack, type Duration, DurationSchema } from '@bufbuild/protobuf/wkt';
import { CLOSE, HTTP_DROPS, HTTP_REFUSALS, type Refusal as HttpRefusal } from '../../../src/http/http-faults.ts';
import { type Encoding, partialSuccessOf, type Taken } from './intake.ts';
import { RetryInfoSchema } from './proto/error_details_pb.ts';
import { ExportMetricsServiceResponseSchema } from './proto/metrics_service_pb.ts';
import { StatusSchema } from './proto/status_pb.ts';

/** Seconds. @see https://opentelemetry.io/docs/specs/otlp/#otlphttp-throttling */
const SOON = 1;
const LATER = 5;

interface Refusal extends HttpRefusal {
  /** @see https://grpc.io/docs/guides/status-codes/ */
  readonly grpc: number;
  /** Seconds after which the sender should try again; without it, it should not: the request can never be taken. */
  readonly retryAfter?: number;
}

const GRPC = {
  invalidArgument: 3,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/**
 * Every answer that is no success.
 * @see https://opentelemetry.io/docs/specs/otlp/#failures
 */
const REFUSALS = {
  ERR_UNAUTHORIZED: {
    status: 401,
    grpc: GRPC.unauthenticated,
    reason: 'unauthorized',
    message:
      'send "Authorization: Bearer TOKEN" with a token of this receiver (in a Collector: headers of the exporter)',
    headers: { 'www-authenticate': 'Bearer', ...CLOSE },
  },
  ERR_BROWSER: {
    status: 403,
    grpc: GRPC.permissionDenied,
    reason: 'browser',
    message: 'requests with an Origin header come from a web page, and a web page has no business here',
    headers: CLOSE,
  },
  ERR_NOT_FOUND: {
    status: 404,
    grpc: GRPC.unimplemented,
    reason: 'not_found',
    message: 'no such path: metrics go to POST /v1/metrics, and there is no place for traces and logs',
    headers: CLOSE,
  },
  ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    grpc: GRPC.unimplemented,
    reason: 'method',
    message: 'only POST is allowed here',
    headers: { allow: 'POST', ...CLOSE },
  },
  ERR_STALLED: {
    status: 408,
    grpc: GRPC.unavailable,
    reason: 'stalled',
    message: 'the body did not come whole within read_timeout',
    headers: CLOSE,
  },
  ERR_TOO_LARGE: {
    status: 413,
    grpc: GRPC.resourceExhausted,
    reason: 'too_large',
    message: 'the body has more bytes than max_request_body_size, compressed or not: send fewer points at a time',
    headers: CLOSE,
  },
  ERR_CONTENT_TYPE: {
    status: 415,
    grpc: GRPC.invalidArgument,
    reason: 'content_type',
    message: 'the Content-Type has to be application/x-protobuf or application/json',
  },
  ERR_CONTENT_ENCODING: {
    status: 415,
    grpc: GRPC.invalidArgument,
    reason: 'content_encoding',
    message: 'this Content-Encoding is not known here: see Accept-Encoding',
  },
  ERR_MALFORMED: {
    status: 400,
    grpc: GRPC.invalidArgument,
    reason: 'malformed',
    message: 'the body is not what its Content-Type and Content-Encoding say',
  },
  ERR_BUSY: {
    status: 503,
    grpc: GRPC.unavailable,
    reason: 'busy',
    message: 'as many requests as memory is set aside for are under way: send it again soon',
    retryAfter: SOON,
  },
  ERR_STORAGE: {
    status: 503,
    grpc: GRPC.unavailable,
    reason: 'storage',
    message:
      'the points could not be written to disk, so keep them and send them again; the log of the bridge says why',
    retryAfter: LATER,
  },
  ERR_STOPPING: {
    status: 503,
    grpc: GRPC.unavailable,
    reason: 'stopping',
    message: 'the bridge is stopping: send it again soon',
    headers: CLOSE,
    retryAfter: SOON,
  },
  ERR_INTERNAL: {
    status: 500,
    grpc: GRPC.internal,
    reason: 'internal',
    message: 'the bridge failed on this request; its log says why',
  },
} as const satisfies Record<string, Refusal>;

export type RefusalCode = keyof typeof REFUSALS;

export const CAUSES = { ...HTTP_REFUSALS, ...HTTP_DROPS, ...REFUSALS };
export type CauseCode = keyof typeof CAUSES;

/** As the tables of literal types cannot say it: of any of them. */
export function refusalOf(code: RefusalCode): Refusal {
  return REFUSALS[code];
}

/** A success; which may be one of a part. */
export function responseOf(taken: Taken, encoding: Encoding): Uint8Array {
  const partial = partialSuccessOf(taken);
  const response = create(
    ExportMetricsServiceResponseSchema,
    partial && {
      partialSuccess: { rejectedDataPoints: BigInt(partial.rejected), errorMessage: partial.message },
    },
  );
  return written(ExportMetricsServiceResponseSchema, response, encoding);
}

/** What an answer that is no success says: a google.rpc.Status. @param message - what is known beyond that of the code. */
export function statusOf(code: RefusalCode, encoding: Encoding, message?: string): Uint8Array {
  const { grpc, message: common, retryAfter } = refusalOf(code);
  const retryDelay: Duration = create(DurationSchema, { seconds: BigInt(retryAfter ?? 0) });
  const status = create(StatusSchema, {
    code: grpc,
    message: message ?? common,
    // In JSON an Any needs to know all types: the header says it.
    details:
      retryAfter === undefined || encoding === 'json'
        ? []
        : [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay }))],
  });
  return written(StatusSchema, status, encoding);
}

export function contentTypeOf(encoding: Encoding): string {
  return encoding === 'json' ? 'application/json' : 'application/x-protobuf';
}

function written<Schema extends DescMessage>(schema: Schema, message: MessageShape<Schema>, encoding: Encoding) {
  return encoding === 'json' ? Buffer.from(toJsonString(schema, message)) : toBinary(schema, message);
}
