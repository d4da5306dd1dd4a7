import { Agent } from 'undici';
import type { ClientTlsOptions } from '../config/tls.ts';
import { connector } from '../http/connector.ts';
import type { Outcome } from './outcome.ts';

export interface HttpPosterOptions {
  /** Whole URL, without user and password. */
  readonly url: string;
  /** Sent with every request; may hold secrets. Of names that differ in case only, the last one counts. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called for each connection, so that renewed certificates are taken up. */
  readonly tls?: (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds for a whole request, connection included. */
  readonly timeout: number;
  /** Which answers may be others the next time. Anything else that is not 2xx is final. */
  readonly retryable: (status: number) => boolean;
  /** Looks into a 2xx answer. */
  readonly onAccepted?: (body: Uint8Array) => void;
}

/** Answers are read this far; a proxy's page may be long. */
const MOST_BODY = 65_536;
const MOST_TEXT = 500;
/** Seconds; whoever asks for more is asked again after this. */
const LONGEST_WAIT = 3600;

/** Posts bodies to one URL. Follows no redirect, retries nothing, and its messages hold neither headers nor a query. */
export class HttpPoster {
  readonly #options: HttpPosterOptions;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: Agent;
  /** The URL for messages. */
  readonly shown: string;

  constructor(options: HttpPosterOptions) {
    this.#options = options;
    const { origin, pathname } = new URL(options.url);
    this.#headers = Object.fromEntries(
      Object.entries(options.headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    this.shown = `${origin}${pathname}`;
    this.#agent = new Agent({
      connections: 1,
      pipelining: 1,
      connect: connector({ timeout: options.timeout }, options.tls),
    });
  }

  /** @param signal - ends the attempt; nobody knows then whether it arrived. */
  async post(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const { url, timeout: time, onAccepted } = this.#options;
    const headers = this.#headers;
    const timeout = AbortSignal.timeout(time);
    try {
      const { origin, pathname, search } = new URL(url);
      const path = `${pathname}${search}`;
      const either = AbortSignal.any([signal, timeout]);
      const answer = await this.#agent.request({ origin, path, method: 'POST', headers, body, signal: either });
      const said = await beginning(answer.body);
      if (answer.statusCode < 200 || answer.statusCode > 299) {
        return this.#refused(answer.statusCode, said, single(answer.headers['retry-after']));
      }
      onAccepted?.(said);
      return { kind: 'success' };
    } catch (error) {
      if (timeout.aborted && !signal.aborted) {
        return { kind: 'retryable', reason: 'timeout', message: `${this.shown} did not answer within ${time} ms` };
      }
      return this.#unreachable(error as NodeJS.ErrnoException);
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  #refused(status: number, body: Uint8Array, retryAfter: string | undefined): Outcome {
    const text = printable(body);
    const message = `${this.shown} answered ${status}${text && ` (${text})`}${advice(status)}`;
    const reason = `status_${status}`;
    if (!this.#options.retryable(status)) return { kind: 'failure', reason, message };
    const seconds = /^\d+$/.test(retryAfter ?? '') ? Math.min(Number(retryAfter), LONGEST_WAIT) : undefined;
    return { kind: 'retryable', reason, message, ...(seconds !== undefined && { retryAfter: seconds * 1000 }) };
  }

  #unreachable(error: NodeJS.ErrnoException): Outcome {
    const cause = error.code ?? error.name;
    const tls = /CERT|TLS|SSL|SELF_SIGNED|ISSUER|ALTNAME/.test(cause);
    const hint = tls
      ? ': check tls.ca_file, and that the certificate names the host of endpoint'
      : cause === 'ECONNREFUSED'
        ? ': does it run, and does it listen there?'
        : '';
    const message = `${this.shown} is not reached: ${error.message || cause}${hint}`;
    return { kind: 'retryable', reason: tls ? 'tls' : 'connection', message };
  }
}

function advice(status: number): string {
  if (status >= 300 && status < 400)
    return ': redirects are not followed, the headers would go elsewhere: set endpoint to the target';
  switch (status) {
    case 401:
    case 403:
      return ': check headers, which hold the key';
    case 404:
    case 405:
      return ': check endpoint and its path';
    case 413:
      return ': the other side limits the size of bodies';
    default:
      return '';
  }
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (length < MOST_BODY) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, MOST_BODY);
}

/** What may be text, on one line; OTLP answers errors in protobuf, whose message is legible among the rest. */
function printable(body: Uint8Array): string {
  return Buffer.from(body)
    .toString('utf8')
    .replace(/[\p{C}\ufffd\s]+/gu, ' ')
    .trim()
    .slice(0, MOST_TEXT);
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
