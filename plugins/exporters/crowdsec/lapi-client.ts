import { isIPv6 } from 'node:net';
import type { ClientTlsOptions } from '../../../src/config/client-tls.ts';
import { type Answer, HttpClient, type HttpRequest } from '../../../src/delivery/http-client.ts';
import { shownUrl } from '../../../src/telemetry/shown-url.ts';
import { type Asked, type Outcome, readAnswer } from './lapi-answer.ts';
import { socketPathOf } from './options.ts';

export interface LapiClientOptions {
  /** `http://127.0.0.1:8080`, with a path if LAPI is behind one; or `unix:///path` of its socket. */
  readonly endpoint: string;
  /** Sent as `X-Api-Key`; without one the client certificate of `tls` must do. */
  readonly apiKey?: string | undefined;
  /** A function is called for each connection, so that renewed certificates are taken up. */
  readonly tls?: ClientTlsOptions | (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds until an answer begins, connection included. */
  readonly timeout: number;
  /** Source address. LAPI takes it as a part of who we are. */
  readonly localAddress?: string | undefined;
  /** The one family to connect by, so that LAPI sees one address. @default that of the endpoint or localAddress, else ipv4 */
  readonly addressFamily?: 'ipv4' | 'ipv6' | undefined;
  /** `type/version`. */
  readonly userAgent: string;
  /** Told with each answer what time LAPI has, ms since the epoch. */
  readonly onDate?: ((time: number) => void) | undefined;
}

const JSON_BODY = { 'content-type': 'application/json' };

/** Speaks to one LAPI: one connection, one address family, no redirect followed, nothing retried. */
export class LapiClient {
  readonly #client: HttpClient;
  #asked: Asked;
  /** For messages: no user, no query. */
  readonly endpoint: string;

  constructor(options: LapiClientOptions) {
    const { endpoint, apiKey, tls, timeout, localAddress, userAgent } = options;
    const socketPath = socketPathOf(endpoint);
    this.#asked = { endpoint, hasKey: Boolean(apiKey), hasCertificate: false };
    this.#client = new HttpClient({
      url: socketPath === undefined ? endpoint : 'http://localhost',
      socketPath,
      shown: socketPath === undefined ? shownUrl(endpoint).replace(/\/+$/, '') : `unix://${socketPath}`,
      headers: { 'user-agent': userAgent, ...(apiKey && { 'x-api-key': apiKey }) },
      tls: tls && (() => this.#shown(tls)),
      timeout,
      localAddress,
      ...(socketPath === undefined && { family: familyOf(options) }),
      onDate: options.onDate,
      advice: {
        unreached:
          socketPath === undefined
            ? 'is LAPI running, and does its api.server.listen_uri allow this host?'
            : 'is LAPI running, and is this its api.server.listen_socket?',
        access: "LAPI makes it for its own user, root, alone: docs/crowdsec.md says how to open it to the bridge's",
        authorities: 'api.server.tls.ca_cert_path of LAPI',
      },
    });
    this.endpoint = this.#client.shown;
  }

  /** Hands over one window. @param signal - ends the attempt; nobody knows then whether it arrived. */
  async push(body: string, signal?: AbortSignal): Promise<Outcome> {
    return this.#ask({ method: 'POST', path: '/v1/usage-metrics', headers: JSON_BODY, body }, signal, (answer) =>
      this.#read(answer),
    );
  }

  /** Asks for decisions on an address that nobody has: sets "last API pull", without which `cscli bouncers prune` deletes us. */
  async pull(signal?: AbortSignal): Promise<Outcome> {
    const request = { method: 'GET', path: '/v1/decisions?ip=192.0.2.1' } as const;
    return this.#ask(request, signal, (answer) => (answer.status === 200 ? { kind: 'success' } : this.#read(answer)));
  }

  /** Whether LAPI takes the key. Leaves "last API pull" alone. `date`: LAPI's clock, ms since the epoch. */
  async probe(signal?: AbortSignal): Promise<{ outcome: Outcome; date?: number }> {
    let date: number | undefined;
    const request = { method: 'HEAD', path: '/v1/decisions' } as const;
    const outcome = await this.#ask(request, signal, (answer) => {
      ({ date } = answer);
      return answer.status === 200 ? { kind: 'success' } : this.#read(answer);
    });
    return date === undefined ? { outcome } : { outcome, date };
  }

  /** Whether LAPI is new enough: one that is refuses a payload without content, and stores nothing. */
  async probeUsageMetrics(signal?: AbortSignal): Promise<Outcome> {
    const body = '{"remediation_components":[]}';
    return this.#ask({ method: 'POST', path: '/v1/usage-metrics', headers: JSON_BODY, body }, signal, (answer) => {
      const outcome = this.#read(answer);
      return outcome.kind === 'failure' ? { kind: 'success' } : outcome;
    });
  }

  /** Source address of the last connection. */
  get localAddress(): string | undefined {
    return this.#client.localAddress;
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  /** What is shown to LAPI with the next connection. */
  async #shown(tls: NonNullable<LapiClientOptions['tls']>): Promise<ClientTlsOptions> {
    const options = typeof tls === 'function' ? await tls() : tls;
    this.#asked = { ...this.#asked, hasCertificate: options.cert !== undefined };
    return options;
  }

  #read(answer: Answer): Outcome {
    return readAnswer(answer, this.endpoint, this.#asked);
  }

  async #ask(
    request: HttpRequest,
    signal: AbortSignal | undefined,
    read: (answer: Answer) => Outcome,
  ): Promise<Outcome> {
    const answer = await this.#client.ask(request, signal);
    return answer.kind === 'answer' ? read(answer) : answer;
  }
}

function familyOf({ endpoint, localAddress, addressFamily }: LapiClientOptions): 4 | 6 {
  if (addressFamily) return addressFamily === 'ipv6' ? 6 : 4;
  const host = new URL(endpoint).hostname.replace(/^\[|\]$/g, '');
  return isIPv6(host) || (localAddress !== undefined && isIPv6(localAddress)) ? 6 : 4;
}
