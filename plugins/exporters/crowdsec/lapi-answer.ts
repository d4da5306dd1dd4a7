import type { Answer } from '../../../src/delivery/http-client.ts';
import type { Outcome as Delivery } from '../../../src/delivery/outcome.ts';
import { printable, printableLines } from '../../../src/telemetry/printable.ts';
import { shownUrl } from '../../../src/telemetry/shown-url.ts';

/** What an attempt to hand a window to LAPI came to. A failure is LAPI's own word on the content: it never will succeed. */
export type Outcome =
  | Exclude<Delivery, { kind: 'failure' }>
  | { readonly kind: 'failure'; readonly status: number; readonly message: string };

const MOST_TEXT = 500;

/** How LAPI was asked, for advice. */
export interface Asked {
  /** As configured. */
  readonly endpoint: string;
  readonly hasKey: boolean;
  /** Of a client; where LAPI asks for one it does not look at the key. */
  readonly hasCertificate: boolean;
}

/** The words of Go's server, of nginx and of HAProxy for HTTP on a port that speaks TLS. */
const TLS_WANTED = /HTTP request (was sent )?to (an )?HTTPS|plain HTTP request/i;

const KEY_UNKNOWN =
  'LAPI does not know the key, or its bouncer was deleted or pruned: on the LAPI host, "cscli bouncers list" shows it, "cscli bouncers add NAME" makes a new key';
const CERTIFICATE =
  "LAPI does not take the client certificate: its OU has to be in api.server.tls.bouncers_allowed_ou, its authority in api.server.tls.ca_cert_path, client_verification may not be NoClientCert, and neither it nor its authority may be expired or revoked; LAPI's log says which";
const KEY_TOO = 'With a certificate it does not look at the key: take one of the two out of the configuration';

/** Reads an answer to `POST /v1/usage-metrics`. Only LAPI's own word, JSON with a message, refuses a window for good. */
export function readAnswer(answer: Answer, shown: string, asked: Asked): Outcome {
  const { status, retryAfter } = answer;
  if (status === 201) return { kind: 'success' };
  const said = lapiMessage(answer);
  if ((status === 400 || status === 422) && said !== undefined) {
    return { kind: 'failure', status, message: said };
  }
  return {
    kind: 'retryable',
    reason: `status_${status}`,
    message: `${shown} answered ${status}${said ? ` (${said})` : ''}: ${advice(answer, said !== undefined, asked)}`,
    ...(retryAfter !== undefined && { retryAfter }),
  };
}

/** LAPI lists what is wrong, a line for each item: the list may be longer than what is read of it. */
function lapiMessage({ body, whole }: Answer): string | undefined {
  const text = Buffer.from(body).toString('utf8');
  const cut = whole ? undefined : /^\s*\{\s*"message"\s*:\s*"(?:[^"\\]|\\.)*/.exec(text)?.[0];
  try {
    const parsed: unknown = JSON.parse(cut === undefined ? text : `${cut}"}`);
    const message = (parsed as { message?: unknown } | null)?.message;
    return typeof message === 'string' ? printableLines(message.slice(0, MOST_TEXT)) : undefined;
  } catch {
    return undefined;
  }
}

function advice(
  { status, location, contentType, body }: Answer,
  isLapis: boolean,
  { endpoint, hasKey, hasCertificate }: Asked,
): string {
  if (status >= 300 && status < 400) {
    return `redirects are not followed, the key would go elsewhere: set endpoint to where LAPI is${target(location)}`;
  }
  switch (status) {
    case 400:
    case 422:
      // An answer to HEAD has no words.
      if (TLS_WANTED.test(Buffer.from(body).toString('latin1')) || (endpoint.startsWith('http:') && contentType === ''))
        return 'what listens there speaks TLS, it seems: write https:// in endpoint';
      return `this is not LAPI's own answer (${printable(contentType, 100) || 'no content type'}): look at what stands between`;
    case 401:
      return 'LAPI does not ask like this: look at the proxy in front of it';
    case 403:
      return hasCertificate ? CERTIFICATE + (hasKey ? `. ${KEY_TOO}` : '') : KEY_UNKNOWN;
    case 404:
      if (!isLapis && contentType !== '' && !contentType.includes('json'))
        return 'this is not LAPI, but what stands in front of it, or something else: endpoint has to have the prefix under which the proxy serves LAPI, and no other';
      if (/^https?:\/\/[^/]+\/./.test(endpoint))
        return 'LAPI does not know the path, so the proxy in front of it may not take the prefix away: take it out of endpoint, or have the proxy do that. Usage metrics need CrowdSec 1.6.3 or newer';
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
  return `, perhaps ${shownUrl(location.replace(/\/v1\/.*$/, ''))}`;
}
