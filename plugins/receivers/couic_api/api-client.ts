import type { ClientTlsOptions } from '../../../src/config/client-tls.ts';
import { beginning, HttpClient, type OpenAnswer } from '../../../src/delivery/http-client.ts';
import type { Unanswered } from '../../../src/delivery/unanswered.ts';
import type { TrafficReading } from '../../../src/ledger/traffic.ts';
import { ApiError, brokenOff, notCouic, refused } from './api-error.ts';
import type { ApiEndpoint } from './endpoint.ts';
import { parseMetrics } from './metrics-answer.ts';

interface ApiClientOptions {
  readonly endpoint: ApiEndpoint;
  /** Milliseconds: until an answer begins, connection included, and for a pause within one. */
  readonly timeout: number;
  /** Called for each connection, so that renewed certificates are taken up. */
  readonly tls?: (() => Promise<ClientTlsOptions>) | undefined;
  readonly userAgent: string;
  /** Told with each answer what time Couic has, ms since the epoch. */
  readonly onDate?: (time: number) => void;
}

/** Counters are a few KiB; what is much longer is something else. */
const MAX_METRICS = 1024 * 1024;
const MAX_ERROR = 4096;

/** Asks one Couic. Retries nothing; every failure is an ApiError, but for an aborted signal. */
export class CouicApiClient {
  readonly #options: ApiClientOptions;
  readonly #client: HttpClient;

  constructor(options: ApiClientOptions) {
    this.#options = options;
    const { endpoint, timeout, tls, userAgent, onDate } = options;
    const { url, shown, socketPath } = endpoint;
    this.#client = new HttpClient({
      url,
      shown,
      headers: { accept: 'application/json', 'user-agent': userAgent },
      tls,
      timeout,
      // Two, so that a long list does not keep the counters waiting.
      connections: 2,
      socketPath,
      onDate,
      advice: {
        unreached: socketPath === undefined ? 'does Couic run?' : 'does Couic run, and is that its [server] socket?',
      },
    });
  }

  /** What Couic has counted since its start. @param token - of a client of the group monitoring, or admin. */
  async metrics(token: string, signal: AbortSignal): Promise<TrafficReading> {
    const { endpoint, timeout } = this.#options;
    const answer = await this.#get('/v1/metrics', token, 'monitoring', signal);
    const { body, whole } = await beginning(answer.body, MAX_METRICS, timeout);
    signal.throwIfAborted();
    if (body.length >= MAX_METRICS) throw notCouic(endpoint, 'its answer goes on and on');
    if (!whole) throw brokenOff(endpoint, 'the counters did not come to their end');
    try {
      return parseMetrics(Buffer.from(body).toString('utf8'));
    } catch (error) {
      throw notCouic(endpoint, (error as Error).message);
    }
  }

  /** All rules of a policy, as the bytes of a JSON array. @param token - of clientro, clientrw or admin. */
  async rules(policy: 'drop' | 'ignore', token: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const { body } = await this.#get(`/v1/${policy}`, token, 'clientro', signal);
    return this.#pieces(body, signal);
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  async #get(path: string, token: string, group: string, signal: AbortSignal): Promise<OpenAnswer> {
    const { endpoint } = this.#options;
    const answer = await this.#client.open(
      { method: 'GET', path, headers: { authorization: `Bearer ${token}` } },
      signal,
    );
    if (answer.kind !== 'answer') throw this.#failed(answer, signal);
    const { status, contentType, body } = answer;
    if (status !== 200) {
      const said = Buffer.from((await beginning(body, MAX_ERROR)).body).toString('utf8');
      throw refused(endpoint, status, said, group);
    }
    if (/^application\/json\b/i.test(contentType)) return answer;
    body.destroy();
    throw notCouic(endpoint, `its answer is ${contentType || 'no type'}`);
  }

  async *#pieces(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    try {
      yield* body;
    } catch (error) {
      const failure = this.#client.failed(error);
      throw failure.reason === 'timeout' || signal.aborted
        ? this.#failed(failure, signal)
        : brokenOff(this.#options.endpoint, (error as Error).message);
    }
  }

  #failed({ reason, message }: Unanswered, signal: AbortSignal): unknown {
    return signal.aborted ? signal.reason : new ApiError(reason, message);
  }
}
