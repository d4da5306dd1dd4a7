/** Why a request is not taken: its HTTP status, what the client is told, and how it is counted. */
export interface Refusal {
  readonly status: number;
  /** Attribute `reason` of `couic.bridge.receiver.refused_requests`. */
  readonly reason: string;
  /** Says what is wrong and what to do; holds nothing of the request, whose path can be a secret. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const CLOSE = { connection: 'close' };

/** What every listener answers to what is no request of its own. */
export const HTTP_REFUSALS = {
  ERR_BAD_REQUEST: { status: 400, reason: 'http', message: 'this is not valid HTTP', headers: CLOSE },
  ERR_HEADER_TIMEOUT: {
    status: 408,
    reason: 'header_timeout',
    message: 'the request line and headers took too long',
    headers: CLOSE,
  },
  ERR_HEADERS_TOO_LARGE: {
    status: 431,
    reason: 'http',
    message: 'the headers are too large, or too many',
    headers: CLOSE,
  },
  ERR_EXPECTATION: {
    status: 417,
    reason: 'http',
    message: 'the only Expect that is known here is 100-continue',
    headers: CLOSE,
  },
  ERR_TRANSFER_ENCODING: {
    status: 501,
    reason: 'http',
    message: 'the only Transfer-Encoding that is known here is chunked',
    headers: CLOSE,
  },
} as const satisfies Record<string, Refusal>;

/** Connections that are ended without an answer. */
export const HTTP_DROPS = {
  ERR_TOO_MANY_CONNECTIONS: {
    reason: 'connections',
    message:
      'max_connections are open: one that was silent, or the new one, was closed; raise it if so many clients come',
  },
  ERR_PIPELINING: { reason: 'pipelining', message: 'too many requests were sent ahead of their answers' },
  ERR_NOT_READ: { reason: 'not_read', message: 'the client did not read its answers for write_timeout' },
  ERR_TLS: {
    reason: 'tls',
    message:
      'the TLS handshake failed; with client_ca_file, the client has to show a valid certificate of that authority',
  },
} as const satisfies Record<string, Pick<Refusal, 'reason' | 'message'>>;

const HTTP_FAULTS = { ...HTTP_REFUSALS, ...HTTP_DROPS };

export type HttpRefusalCode = keyof typeof HTTP_REFUSALS;
export type HttpFaultCode = keyof typeof HTTP_FAULTS;

/** `remoteAddress` of the client, and the `error` of Node, where there are any. */
type HttpFaultDetails = Readonly<Partial<Record<'remoteAddress' | 'error', string | undefined>>>;

/** Told of each request that a listener refuses, and each connection that it ends, by itself. */
export type OnHttpFault = (code: HttpFaultCode, details: HttpFaultDetails) => void;

/** The words for a log. */
export function httpFaultMessage(code: HttpFaultCode): string {
  return HTTP_FAULTS[code].message;
}
