import { CLOSE, HTTP_DROPS, HTTP_REFUSALS, type Refusal } from '../../../src/http/http-faults.ts';

/** Couic has a backoff of its own and ignores this; others may not. */
const SOON = { 'retry-after': '1' };

/** Every answer of the receiver that is not 200. After one that tells of a wrong token or path, the connection ends. */
export const REFUSALS = {
  ...HTTP_REFUSALS,
  ERR_UNAUTHORIZED: {
    status: 401,
    reason: 'unauthorized',
    message: 'unknown token: the webhook in Couic has to end in /v1/reports/ and a token of this receiver',
    headers: CLOSE,
  },
  ERR_BROWSER: {
    status: 403,
    reason: 'browser',
    message: 'requests with an Origin header come from a web page, and a web page has no business here',
    headers: CLOSE,
  },
  ERR_NOT_FOUND: {
    status: 404,
    reason: 'not_found',
    message: 'no such path: send reports to POST /v1/reports/{token}',
    headers: CLOSE,
  },
  ERR_METHOD_NOT_ALLOWED: {
    status: 405,
    reason: 'method',
    message: 'only POST is allowed here',
    headers: { allow: 'POST', ...CLOSE },
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
    message: 'nothing, or next to nothing, of the body came for too long',
    headers: CLOSE,
  },
  ERR_BUSY: {
    status: 503,
    reason: 'busy',
    message: 'as many bodies as memory is set aside for are under way: send it again soon',
    headers: SOON,
  },
  ERR_SUPERSEDED: {
    status: 503,
    reason: 'superseded',
    message: 'a later request of this Couic has taken the place of this one: what is not in it yet comes with the next',
    headers: { ...SOON, ...CLOSE },
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

export const CAUSES = { ...REFUSALS, ...HTTP_DROPS };

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
