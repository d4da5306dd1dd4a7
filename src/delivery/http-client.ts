import type { Dispatcher, Pool } from 'undici';
import type { ClientTlsOptions } from '../config/client-tls.ts';
import { shownUrl } from '../telemetry/shown-url.ts';
import { retryAfter } from './retry-after.ts';
import { type Advice, type Unanswered, unanswered } from './unanswered.ts';

export interface HttpClientOptions {
  /** Scheme, host and port, and what the path of every request begins with. */
  readonly url: string;
  /** How messages name it. @default the URL, without a query and what else may be a secret */
  readonly shown?: string | undefined;
  /** Sent with every request; may hold secrets. Of names that differ in case only, the last one counts. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A function is called for each connection, so that renewed certificates are taken up. */
  readonly tls?: ClientTlsOptions | (() => Promise<ClientTlsOptions>) | undefined;
  /** Milliseconds until an answer begins, connection included; and for a pause within one. */
  readonly timeout: number;
  /** @default 1 */
  readonly connections?: number;
  readonly socketPath?: string | undefined;
  readonly localAddress?: string | undefined;
  /** The one family to connect by. @default whichever answers first */
  readonly family?: 4 | 6 | undefined;
  /** What to look at on the other side, for messages. */
  readonly advice?: Advice | undefined;
  /** Told with each answer what time the other side has, ms since the epoch. */
  readonly onDate?: ((time: number) => void) | undefined;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** Appended to that of the client's URL; empty for the URL itself, with its query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What came before the body. */
interface AnswerHead {
  readonly kind: 'answer';
  readonly status: number;
  readonly contentType: string;
  readonly location: string;
  /** Milliseconds that the other side asks to wait. */
  readonly retryAfter: number | undefined;
  /** By the other side's clock, in ms since the epoch. */
  readonly date: number | undefined;
}

export interface Answer extends AnswerHead {
  /** Its beginning. */
  readonly body: Uint8Array;
  /** Whether that is all of it. */
  readonly whole: boolean;
}

export interface OpenAnswer extends AnswerHead {
  /** Fails with an error of undici when it breaks off. Read it, or destroy it. */
  readonly body: AsyncIterable<Uint8Array> & { destroy(): void };
}

/** Bytes of an answer that are read: what says more in the place of an error is a page, or somebody who means harm. */
const MOST_BODY = 16_384;
/** Milliseconds that a body may take once the status is there, which decides. */
const BODY_PATIENCE = 1000;
/** Informational answers, 103 and the like, that may come before the answer. */
const MOST_INFORMATIONAL = 20;

/**
 * Asks one server over HTTP/1.1; everything that sends does it by this. Follows no redirect, retries nothing, never
 * reads without bound, and what it says holds neither a header nor a query.
 */
export class HttpClient {
  readonly #options: HttpClientOptions;
  #pool: Promise<Pool> | undefined;
  #closed = false;
  readonly #origin: string;
  readonly #path: string;
  readonly #search: string;
  readonly #headers: Readonly<Record<string, string>>;
  /** For messages. */
  readonly shown: string;
  #localAddress: string | undefined;
  /** Of the newest connection. */
  #broken: Error | undefined;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const { url, headers = {} } = options;
    const { origin, pathname, search } = new URL(url);
    this.#origin = origin;
    this.shown = options.shown ?? shownUrl(origin + pathname);
    this.#path = pathname;
    this.#search = search;
    this.#headers = lowerCased(headers);
  }

  /** Source address of the last connection. */
  get localAddress(): string | undefined {
    return this.#localAddress;
  }

  /**
   * One request, and the beginning of its answer. The status decides: a body that does not end, or breaks off, is cut.
   * @param signal - ends the request; nobody knows then whether it arrived. @param bounds - of the body: bytes, and ms.
   */
  async ask(
    request: HttpRequest,
    signal?: AbortSignal,
    { most = MOST_BODY, patience = BODY_PATIENCE }: { most?: number; patience?: number } = {},
  ): Promise<Answer | Unanswered> {
    const opened = await this.open(request, signal);
    if (opened.kind !== 'answer') return opened;
    return { ...opened, ...(await beginning(opened.body, most, Math.min(patience, this.#options.timeout))) };
  }

  /** One request, and its answer as it comes. @param signal - ends both. */
  async open(request: HttpRequest, signal?: AbortSignal): Promise<OpenAnswer | Unanswered> {
    const { timeout } = this.#options;
    this.#pool ??= this.#createPool();
    const pool = await this.#pool;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(named('TimeoutError')), timeout);
    let informational = 0;
    const onInfo = () => {
      if (++informational > MOST_INFORMATIONAL)
        late.abort(named('INFORMATIONAL', 'one 1xx after the other comes, and no answer'));
    };
    try {
      const { statusCode, headers, body } = await pool.request({
        method: request.method,
        path: request.path === '' ? this.#path + this.#search : this.#path.replace(/\/+$/, '') + request.path,
        headers: { ...this.#headers, ...lowerCased(request.headers ?? {}) },
        body: request.body ?? null,
        signal: signal ? AbortSignal.any([signal, late.signal]) : late.signal,
        onInfo,
      } as Dispatcher.RequestOptions);
      // Whoever does not read to the end need not hear of it.
      body.on('error', () => {});
      const date = Date.parse(text(headers.date));
      const known = Number.isNaN(date) ? undefined : date;
      if (known !== undefined) this.#options.onDate?.(known);
      return {
        kind: 'answer',
        status: statusCode,
        contentType: text(headers['content-type']),
        location: text(headers.location),
        date: known,
        retryAfter: retryAfter(text(headers['retry-after']), known),
        body,
      };
    } catch (error) {
      return this.failed(late.signal.aborted && !signal?.aborted ? late.signal.reason : error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** What an error of an answer's body means. */
  failed(error: unknown): Unanswered {
    const { timeout, socketPath, advice } = this.#options;
    const asked = { shown: this.shown, timeout, socketPath, advice };
    return unanswered(error as NodeJS.ErrnoException, asked, this.#broken);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#pool)?.destroy();
  }

  async #createPool(): Promise<Pool> {
    const { timeout, connections = 1, socketPath, localAddress, family, tls } = this.#options;
    const { createPool } = await import('./connection-pool.ts');
    const onConnection = (address: string | undefined) => {
      this.#localAddress = address;
      this.#broken = undefined;
    };
    const onBroken = (error: Error) => {
      this.#broken = error;
    };
    const origin = this.#origin;
    const from = { socketPath, localAddress, family };
    const pool = createPool({ origin, connections, timeout, ...from, tls, onConnection, onBroken });
    if (this.#closed) await pool.destroy();
    return pool;
  }
}

/** The beginning of a body. Gives up what it does not read, and the connection with it. @param patience - in ms. */
export async function beginning(
  body: OpenAnswer['body'],
  most = MOST_BODY,
  patience = BODY_PATIENCE,
): Promise<{ body: Uint8Array; whole: boolean }> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let whole = true;
  const giveUp = () => {
    whole = false;
    body.destroy();
  };
  const timer = setTimeout(giveUp, patience);
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > most) {
        whole = false;
        break;
      }
    }
  } catch {
    whole = false;
  } finally {
    clearTimeout(timer);
  }
  return { body: Buffer.concat(chunks).subarray(0, most), whole };
}

function named(code: string, message = ''): Error {
  return Object.assign(new Error(message), { code });
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function text(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header[0] : header) ?? '';
}
