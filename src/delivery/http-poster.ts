import type { ClientTlsOptions } from '../config/client-tls.ts';
import { printable } from '../telemetry/printable.ts';
import { type Answer, HttpClient } from './http-client.ts';
import { NO_REDIRECTS, type Outcome, refused } from './outcome.ts';

export interface HttpPosterOptions {
  /** Whole URL, without user and password. */
  readonly url: string;
  /** Sent with every request; may hold secrets. Of names that differ in case only, the last one counts. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called for each connection, so that renewed certificates are taken up. */
  readonly tls?: (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds until an answer begins, connection included. */
  readonly timeout: number;
  /** Which answers may be others the next time. Anything else that is not 2xx is final. */
  readonly retryable: (status: number) => boolean;
  /** Looks into a 2xx answer; of a body that is long or does not end, into its beginning. */
  readonly onAccepted?: (body: Uint8Array) => void;
}

const MOST_TEXT = 500;

/** Posts bodies to one URL. */
export class HttpPoster {
  readonly #options: HttpPosterOptions;
  readonly #client: HttpClient;

  constructor(options: HttpPosterOptions) {
    this.#options = options;
    this.#client = new HttpClient(options);
  }

  /** The URL for messages. */
  get shown(): string {
    return this.#client.shown;
  }

  /** @param signal - ends the attempt; nobody knows then whether it arrived. */
  async post(body: Uint8Array, signal: AbortSignal): Promise<Outcome> {
    const answer = await this.#client.ask({ method: 'POST', path: '', body }, signal);
    if (answer.kind !== 'answer') return answer;
    if (answer.status < 200 || answer.status > 299) return this.#refused(answer);
    this.#options.onAccepted?.(answer.body);
    return { kind: 'success' };
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #refused(answer: Answer): Outcome {
    const { status, retryAfter } = answer;
    return refused(status, refusalText(answer, this.shown), this.#options.retryable(status), retryAfter);
  }
}

/** What an answer says that is not a 2xx, and what to do. @param shown - who answered. */
export function refusalText({ status, body }: Answer, shown: string): string {
  const said = words(body);
  return `${shown} answered ${status}${said && ` (${said})`}${advice(status)}`;
}

function advice(status: number): string {
  if (status >= 300 && status < 400) return NO_REDIRECTS;
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

/** OTLP answers errors in protobuf, whose message is legible among the rest. */
function words(body: Uint8Array): string {
  const text = Buffer.from(body).toString('utf8');
  return printable(text.replace(/[\p{Cc}\ufffd\s]+/gu, ' ').trim(), MOST_TEXT);
}
