import type { ApiEndpoint } from './endpoint.ts';

/** What kept the API from answering; one log line for each change from one to another. */
export type ApiFailure =
  | 'no_socket'
  | 'permission'
  | 'connection'
  | 'tls'
  | 'timeout'
  | 'broken_off'
  | 'unauthorized'
  | 'status'
  | 'not_couic';

/** The API of Couic gave no answer that can be used. Its message says what to do, and holds no token. */
export class ApiError extends Error {
  readonly failure: ApiFailure;

  constructor(failure: ApiFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.failure = failure;
  }
}

/** An answer that is not 200. @param said - the beginning of its body. @param group - whose clients may ask for it. */
export function refused(endpoint: ApiEndpoint, status: number, said: string, group: string): ApiError {
  if (status === 401) {
    return new ApiError(
      'unauthorized',
      `${endpoint.shown} does not take the token: it has to be that of a client of the group ${group} ("couicctl clients list" shows them)`,
    );
  }
  const text = messageOf(said);
  const advice =
    status >= 300 && status < 400
      ? ': redirects are not followed, the token would go elsewhere: set endpoint to the target'
      : '';
  return new ApiError('status', `${endpoint.shown} answered ${status}${text && ` (${text})`}${advice}`);
}

/** No answer, or not a whole one. */
export function unreachable(endpoint: ApiEndpoint, error: NodeJS.ErrnoException, timeout: number): ApiError {
  const { shown, socketPath } = endpoint;
  const code = error.code ?? error.name;
  const failed = (failure: ApiFailure, message: string) => new ApiError(failure, message, { cause: error });
  if (code === 'ENOENT' && socketPath !== undefined) {
    return failed('no_socket', `there is no socket at ${socketPath}: does Couic run, and is that its [server] socket?`);
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return failed('permission', `not allowed to open ${shown}: add the user of the bridge to the group of the socket`);
  }
  if (code === 'ECONNREFUSED') return failed('connection', `${shown} refuses the connection: does Couic run?`);
  if (/TIMEOUT|TimeoutError|ETIMEDOUT/.test(code)) {
    return failed('timeout', `${shown} did not answer within ${timeout} ms`);
  }
  if (/CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME|SIGNATURE|EPROTO/.test(code)) {
    return failed('tls', `${shown}: ${error.message}: check tls.ca_file, and that the certificate names the host`);
  }
  if (/ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_RES_CONTENT_LENGTH|HPE_/.test(code)) {
    return failed('broken_off', `${shown} broke off its answer: ${error.message}`);
  }
  return failed('connection', `${shown} is not reached: ${error.message || code}`);
}

/** What answers is something else, usually a proxy in front of Couic. */
export function notCouic(endpoint: ApiEndpoint, what: string): ApiError {
  return new ApiError('not_couic', `${endpoint.shown} does not answer as Couic does: ${what}. Is it a proxy's page?`);
}

/** Couic's errors are JSON with a `message`; of anything else, the beginning on one line. */
function messageOf(said: string): string {
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    if (typeof message === 'string') return message.slice(0, 200);
  } catch {}
  return said
    .replace(/<[^>]*>|[\p{C}\s]+/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
    .slice(0, 80);
}
