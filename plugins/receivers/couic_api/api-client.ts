import { type Dispatcher, Pool } from 'undici';
import type { ClientTlsOptions } from '../../../src/config/tls.ts';
import { connector } from '../../../src/http/connector.ts';
import type { TrafficReading } from '../../../src/ledger/traffic.ts';
import { notCouic, refused, unreachable } from './api-error.ts';
import type { ApiEndpoint } from './endpoint.ts';
import { parseMetrics } from './metrics-answer.ts';

export interface ApiClientOptions {
  readonly endpoint: ApiEndpoint;
  /** Milliseconds: to connect, to wait for an answer, and for a pause within one. */
  readonly timeout: number;
  /** Called for each connection, so that renewed certificates are taken up. */
  readonly tls?: (() => Promise<ClientTlsOptions>) | undefined;
  readonly userAgent: string;
}

/** Counters are a few KiB; what is much longer is something else. */
const MAX_METRICS = 1024 * 1024;
const MAX_ERROR = 4096;

/** Asks one Couic. Follows no redirect and retries nothing; every failure is an ApiError, but for an aborted signal. */
export class CouicApiClient {
  readonly #options: ApiClientOptions;
  readonly #pool: Pool;
  readonly #path: string;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const { endpoint, timeout, tls } = options;
    const url = new URL(endpoint.url);
    this.#path = url.pathname === '/' ? '' : url.pathname;
    // Two, so that a long list does not keep the counters waiting.
    this.#pool = new Pool(url.origin, {
      connections: 2,
      pipelining: 1,
      headersTimeout: timeout,
      bodyTimeout: timeout,
      connect: connector({ timeout, ...(endpoint.socketPath && { socketPath: endpoint.socketPath }) }, tls),
    });
  }

  /** What Couic has counted since its start. @param token - of a client of the group monitoring, or admin. */
  async metrics(token: string, signal: AbortSignal): Promise<TrafficReading> {
    const body = await this.#get('/v1/metrics', token, 'monitoring', signal);
    const text = await this.#text(body, MAX_METRICS, signal);
    try {
      return parseMetrics(text);
    } catch (error) {
      throw notCouic(this.#options.endpoint, (error as Error).message);
    }
  }

  /** All rules of a policy, as the bytes of a JSON array. @param token - of clientro, clientrw or admin. */
  async rules(policy: 'drop' | 'ignore', token: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    return this.#pieces(await this.#get(`/v1/${policy}`, token, 'clientro', signal), signal);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #get(
    path: string,
    token: string,
    group: string,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData['body']> {
    const { endpoint, userAgent } = this.#options;
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.#pool.request({
        method: 'GET',
        path: `${this.#path}${path}`,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'user-agent': userAgent },
        signal,
      });
    } catch (error) {
      throw this.#failed(error, signal);
    }
    const { statusCode, headers, body } = answer;
    if (statusCode !== 200) throw refused(endpoint, statusCode, await this.#text(body, MAX_ERROR, signal), group);
    const type = String(headers['content-type'] ?? 'no type');
    if (/^application\/json\b/i.test(type)) return body;
    // What is not wanted is not read: the connection goes with it, and that it does is no error.
    body.on('error', () => {}).destroy();
    throw notCouic(endpoint, `its answer is ${type}`);
  }

  /** @param most - bytes; what comes after them is not read. */
  async #text(body: Dispatcher.ResponseData['body'], most: number, signal: AbortSignal): Promise<string> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this.#pieces(body, signal)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= most) break;
    }
    return Buffer.concat(chunks).toString('utf8', 0, most);
  }

  async *#pieces(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (error) {
      throw this.#failed(error, signal);
    }
  }

  #failed(error: unknown, signal: AbortSignal): unknown {
    const { endpoint, timeout } = this.#options;
    return signal.aborted ? error : unreachable(endpoint, error as NodeJS.ErrnoException, timeout);
  }
}
