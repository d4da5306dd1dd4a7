import { isIPv6 } from 'node:net';
import { type buildConnector, Client, type Dispatcher } from 'undici';
import type { ClientTlsOptions } from '../../../src/config/tls.ts';
import { connector } from '../../../src/http/connector.ts';
import { type Answer, type Outcome, readAnswer } from './lapi-answer.ts';

export interface LapiClientOptions {
  /** `http://127.0.0.1:8080`, with a path if LAPI is behind one. */
  readonly endpoint: string;
  /** Sent as `X-Api-Key`; without one the client certificate of `tls` must do. */
  readonly apiKey?: string | undefined;
  /** A function is called for each connection, so that renewed certificates are taken up. */
  readonly tls?: ClientTlsOptions | (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds for a whole request, connection included. */
  readonly timeout: number;
  /** Source address. LAPI takes it as a part of who we are. */
  readonly localAddress?: string | undefined;
  /** The one family to connect by, so that LAPI sees one address. @default that of the endpoint or localAddress, else ipv4 */
  readonly addressFamily?: 'ipv4' | 'ipv6' | undefined;
  /** `type/version`. */
  readonly userAgent: string;
}

/** Answers are read this far; LAPI's are short, a proxy's page is not. */
const MOST_BODY = 16_384;

/** Speaks to one LAPI: one connection, one address family, no redirect followed, nothing retried. */
export class LapiClient {
  readonly #client: Client;
  readonly #path: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #timeout: number;
  #localAddress: string | undefined;
  /** For messages: no user, no query. */
  readonly endpoint: string;

  constructor(options: LapiClientOptions) {
    const url = new URL(options.endpoint);
    this.#path = url.pathname.replace(/\/+$/, '');
    this.endpoint = `${url.origin}${this.#path}`;
    this.#timeout = options.timeout;
    this.#headers = {
      'user-agent': options.userAgent,
      ...(options.apiKey && { 'x-api-key': options.apiKey }),
    };
    this.#client = new Client(url.origin, {
      pipelining: 1,
      ...(options.localAddress && { localAddress: options.localAddress }),
      connect: this.#noticing(
        connector({ family: familyOf(options), autoSelectFamily: false, timeout: options.timeout }, options.tls),
      ),
    });
  }

  /** Hands over one window. @param signal - ends the attempt; nobody knows then whether it arrived. */
  async push(body: string, signal?: AbortSignal): Promise<Outcome> {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    return this.#ask({ method: 'POST', path: '/v1/usage-metrics', headers, body }, signal, (answer) =>
      readAnswer(answer, this.endpoint),
    );
  }

  /** Asks for decisions on an address that nobody has: sets "last API pull", without which `cscli bouncers prune` deletes us. */
  async pull(signal?: AbortSignal): Promise<Outcome> {
    const request = { method: 'GET', path: '/v1/decisions?ip=192.0.2.1', headers: this.#headers } as const;
    return this.#ask(request, signal, (answer) =>
      answer.status === 200 ? { kind: 'success' } : readAnswer(answer, this.endpoint),
    );
  }

  /** Whether LAPI takes the key. Leaves "last API pull" alone. `date`: LAPI's clock, ms since the epoch. */
  async probe(signal?: AbortSignal): Promise<{ outcome: Outcome; date?: number }> {
    let date: number | undefined;
    const request = { method: 'HEAD', path: '/v1/decisions', headers: this.#headers } as const;
    const outcome = await this.#ask(request, signal, (answer) => {
      date = Date.parse(answer.date);
      return answer.status === 200 ? { kind: 'success' } : readAnswer(answer, this.endpoint);
    });
    return date === undefined || Number.isNaN(date) ? { outcome } : { outcome, date };
  }

  /** Whether LAPI is new enough: one that is refuses a payload without content, and stores nothing. */
  async probeUsageMetrics(signal?: AbortSignal): Promise<Outcome> {
    const headers = { ...this.#headers, 'content-type': 'application/json' };
    const body = '{"remediation_components":[]}';
    return this.#ask({ method: 'POST', path: '/v1/usage-metrics', headers, body }, signal, (answer) => {
      const outcome = readAnswer(answer, this.endpoint);
      return outcome.kind === 'failure' ? { kind: 'success' } : outcome;
    });
  }

  /** Source address of the last connection. */
  get localAddress(): string | undefined {
    return this.#localAddress;
  }

  async close(): Promise<void> {
    await this.#client.destroy();
  }

  /** Takes down where connections come from, which is a part of who LAPI takes us for. */
  #noticing(connect: buildConnector.connector): buildConnector.connector {
    return (target, callback) =>
      connect(target, (...result) => {
        this.#localAddress = result[1]?.localAddress;
        callback(...result);
      });
  }

  async #ask(
    request: Dispatcher.RequestOptions,
    signal: AbortSignal | undefined,
    read: (answer: Answer) => Outcome,
  ): Promise<Outcome> {
    const timeout = AbortSignal.timeout(this.#timeout);
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    try {
      const path = `${this.#path}${request.path}`;
      const { statusCode, headers, body } = await this.#client.request({ ...request, path, signal: either });
      return read({
        status: statusCode,
        contentType: text(headers['content-type']),
        location: text(headers.location),
        retryAfter: text(headers['retry-after']),
        date: text(headers.date),
        body: await beginning(body),
      });
    } catch (error) {
      if (timeout.aborted && !signal?.aborted) {
        const message = `${this.endpoint} did not answer within ${this.#timeout} ms: is LAPI reachable, and not overloaded?`;
        return { kind: 'retryable', reason: 'timeout', message };
      }
      return this.#unreachable(error as NodeJS.ErrnoException);
    }
  }

  #unreachable(error: NodeJS.ErrnoException): Outcome {
    const cause = error.code ?? error.name;
    const about = `${this.endpoint} is not reached: ${error.message || cause}`;
    if (cause === 'ECONNREFUSED') {
      const message = `${about}: is LAPI running, and does its api.server.listen_uri allow this host?`;
      return { kind: 'retryable', reason: 'connection', message };
    }
    if (/CERT|TLS|SSL|SIGNATURE|EPROTO/.test(cause)) {
      const message = `${about}: check tls.ca_file, and that the certificate names the host of endpoint`;
      return { kind: 'retryable', reason: 'tls', message };
    }
    return { kind: 'retryable', reason: 'connection', message: about };
  }
}

function familyOf({ endpoint, localAddress, addressFamily }: LapiClientOptions): 4 | 6 {
  if (addressFamily) return addressFamily === 'ipv6' ? 6 : 4;
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  return isIPv6(host) || (localAddress !== undefined && isIPv6(localAddress)) ? 6 : 4;
}

async function beginning(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    if (length < MOST_BODY) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, MOST_BODY).toString('utf8');
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
