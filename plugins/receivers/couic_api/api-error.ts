import type { Trouble } from '../../../src/delivery/unanswered.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import type { ApiEndpoint } from './endpoint.ts';

/** What kept the API from answering; one log line for each change from one to another. */
type ApiFailure = Trouble | 'broken_off' | 'unauthorized' | 'status' | 'not_couic';

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

/** An answer that began and did not come to its end. */
export function brokenOff({ shown }: ApiEndpoint, why: string): ApiError {
  return new ApiError('broken_off', `${shown} broke off its answer: ${printable(why, 200)}`);
}

/** What answers is something else, usually a proxy in front of Couic. */
export function notCouic(endpoint: ApiEndpoint, what: string): ApiError {
  const shown = printable(what, 200);
  return new ApiError('not_couic', `${endpoint.shown} does not answer as Couic does: ${shown}. Is it a proxy's page?`);
}

/** Couic's errors are JSON with a `message`; of anything else, the beginning on one line. */
function messageOf(said: string): string {
  try {
    const { message } = JSON.parse(said) as { message?: unknown };
    if (typeof message === 'string') return printable(message.slice(0, 200));
  } catch {}
  const text = said.replace(/<[^>]*>|[\p{Cc}\s]+/gu, ' ').replace(/ +/g, ' ');
  return printable(text.trim().slice(0, 80));
}
