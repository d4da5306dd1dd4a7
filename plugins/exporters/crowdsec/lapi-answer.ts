import type { Outcome as Delivery } from '../../../src/delivery/outcome.ts';

/** What an attempt to hand a window to LAPI came to. A failure is LAPI's own word on the content: it never will succeed. */
export type Outcome =
  | Exclude<Delivery, { kind: 'failure' }>
  | { readonly kind: 'failure'; readonly status: number; readonly message: string };

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly location: string;
  readonly retryAfter: string;
  readonly date: string;
  /** The beginning of the body. */
  readonly body: string;
}

const MOST_TEXT = 500;
/** Seconds; whoever asks for more is asked again after this. */
const LONGEST_WAIT = 3600;

/** Reads an answer to `POST /v1/usage-metrics`. Only LAPI's own word, JSON with a message, refuses a window for good. */
export function readAnswer(answer: Answer, endpoint: string): Outcome {
  const { status } = answer;
  if (status === 201) return { kind: 'success' };
  const said = lapiMessage(answer.body);
  if ((status === 400 || status === 422) && said !== undefined) {
    return { kind: 'failure', status, message: said.slice(0, MOST_TEXT) };
  }
  const seconds = /^\d+$/.test(answer.retryAfter) ? Math.min(Number(answer.retryAfter), LONGEST_WAIT) : undefined;
  return {
    kind: 'retryable',
    reason: `status_${status}`,
    message: `${endpoint} answered ${status}${said ? ` (${said.slice(0, MOST_TEXT)})` : ''}: ${advice(answer)}`,
    ...(seconds !== undefined && { retryAfter: seconds * 1000 }),
  };
}

function lapiMessage(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const message = (parsed as { message?: unknown } | null)?.message;
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}

function advice({ status, location, contentType }: Answer): string {
  if (status >= 300 && status < 400) {
    return `redirects are not followed, the key would go elsewhere: set endpoint to where LAPI is${target(location)}`;
  }
  switch (status) {
    case 400:
    case 422:
      return `this is not LAPI's own answer (${contentType || 'no content type'}): look at what stands between`;
    case 401:
      return 'LAPI does not ask like this: look at the proxy in front of it';
    case 403:
      return 'LAPI does not know the key, or its bouncer was deleted or pruned: on the LAPI host, "cscli bouncers list" shows it, "cscli bouncers add NAME" makes a new key for api_key';
    case 404:
      return 'usage metrics need CrowdSec 1.6.3 or newer, and endpoint must be the address of LAPI without a path of its API';
    case 413:
      return 'a proxy in front of LAPI limits the size of bodies: raise its limit';
    case 429:
      return 'something in front of LAPI limits requests';
    default:
      return status >= 500 ? "look at LAPI's log, or that of the proxy in front of it" : 'expected 201';
  }
}

function target(location: string): string {
  if (!URL.canParse(location)) return '';
  const { origin, pathname } = new URL(location);
  return `, perhaps ${origin}${pathname.replace(/\/v1\/.*$/, '')}`;
}
