/** Why a request is not taken: its HTTP status, what the client is told, and how it is counted. */
export interface Refusal {
  readonly status: number;
  /** Attribute `reason` of `couic.bridge.receiver.refused_requests`. */
  readonly reason: string;
  /** Says what is wrong and what to do; holds nothing of the request, whose path is a secret. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Couic has a backoff of its own and ignores this; others may not. */
const SOON = { 'retry-after': '1' };
const CLOSE = { connection: 'close' };

/** Every answer of the receiver that is not 200. */
export const REFUSALS = {
  ERR_UNAUTHORIZED: {
    status: 401,
    reason: 'unauthorized',
    message: 'unknown token: the webhook in Couic has to end in /v1/reports/ and a token of this receiver',
  },
  ERR_BROWSER: {
    status: 403,
    reason: 'browser',
    message: 'requests with an Origin header come from a web page, and a web page has no business here',
  },
  ERR_NOT_FOUND: {
    status: 404,
    reason: 'not_found',
    message: 'no such path: send reports to POST /v1/reports/{token}',
  },
  ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    reason: 'method',
    message: 'only POST is allowed here',
    headers: { allow: 'POST' },
  },
  ERR_CONTENT_ENCODING: {
    status: 415,
    reason: 'content_encoding',
    message: 'a compressed body is not accepted: send it without Content-Encoding, as Couic does',
    headers: { 'accept-encoding': 'identity' },
  },
  ERR_BODY: { status: 400, reason: 'body', message: 'the body is not a JSON array of reports' },
  ERR_BODY_STALLED: {
    status: 408,
    reason: 'stalled',
    message: 'no byte of the body came for too long',
    headers: CLOSE,
  },
  ERR_BAD_REQUEST: { status: 400, reason: 'http', message: 'this is not valid HTTP', headers: CLOSE },
  ERR_HEADER_TIMEOUT: {
    status: 408,
    reason: 'header_timeout',
    message: 'the request line and headers took too long',
    headers: CLOSE,
  },
  ERR_HEADERS_TOO_LARGE: { status: 431, reason: 'http', message: 'the headers are too large', headers: CLOSE },
  ERR_BUSY: {
    status: 503,
    reason: 'busy',
    message: 'as many bodies as memory is set aside for are under way: send it again soon',
    headers: SOON,
  },
  ERR_STORAGE: {
    status: 503,
    reason: 'storage',
    message:
      'the reports could not be written to disk, so keep them and send them again; the log of the bridge says why',
    headers: { 'retry-after': '5' },
  },
  ERR_STOPPING: {
    status: 503,
    reason: 'stopping',
    message: 'the bridge is stopping: send it again soon',
    headers: { ...SOON, ...CLOSE },
  },
  ERR_INTERNAL: {
    status: 500,
    reason: 'internal',
    message: 'the bridge failed on this request; its log says why',
  },
} as const satisfies Record<string, Refusal>;

/** Connections that are ended without an answer. */
export const DROPS = {
  ERR_TOO_MANY_CONNECTIONS: {
    reason: 'connections',
    message: 'max_connections are open; raise it if so many Couic send here',
  },
  ERR_TLS: {
    reason: 'tls',
    message:
      'the TLS handshake failed; with client_ca_file, the client has to show a valid certificate of that authority',
  },
} as const satisfies Record<string, Pick<Refusal, 'reason' | 'message'>>;

export const CAUSES = { ...REFUSALS, ...DROPS };

export type RefusalCode = keyof typeof REFUSALS;
export type CauseCode = keyof typeof CAUSES;

/** The client is gone: there is nobody to answer. */
export class ClientGoneError extends Error {
  constructor() {
    super('the client hung up before it was answered');
    this.name = 'ClientGoneError';
  }
}

/** The body stopped moving. */
export class BodyStalledError extends Error {
  constructor(milliseconds: number) {
    super(`no byte of the body came for ${milliseconds} ms`);
    this.name = 'BodyStalledError';
  }
}
