import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { loadClientTls, type TlsClientConfig } from '../config/tls.ts';
import { type Answer, HttpClient } from '../delivery/http-client.ts';
import type { CouicEvent } from './event.ts';
import { deliverInParts, type EncodedEvent, type PartOutcome, type Parts } from './in-parts.ts';
import type { Delivery, EventSink, Failure } from './sink.ts';

/** The options that every exporter of events over HTTP has. */
interface HttpConfig {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: TlsClientConfig | undefined;
  /** Milliseconds until an answer begins, connection included. */
  readonly timeout: number;
}

/** What one protocol of events over HTTP is. */
export interface HttpEventProtocol {
  /** Where requests go: whole URLs, each with how messages name it. Several are asked in turn. */
  readonly targets: readonly { readonly url: string; readonly shown?: string }[];
  /** Those of the protocol: they stand above those of the configuration. */
  readonly headers: Readonly<Record<string, string>>;
  /** Whether bodies are compressed, and a header says so. */
  readonly gzip: boolean;
  /** Bytes of the events of one request, before compression. */
  readonly mostBytes: number;
  /** Requests that may be under way at the same time. @default 1 */
  readonly parallel?: number;
  /** An event as it is written, or its size alone, where only all of them together are written. Each once: see `encodedOnce`. */
  readonly encoded: (event: CouicEvent) => EncodedEvent;
  /** The body of a request of these. */
  readonly body: (events: readonly EncodedEvent[]) => string | Uint8Array;
  /** What is read of the answer to that many events: bytes, and ms. @default those of HttpClient */
  readonly answerBounds?: (events: number) => { readonly most: number; readonly patience: number };
  /** What an answer to these means, whatever its status. @param shown - who answered, for messages. */
  readonly judge: (answer: Answer, events: readonly EncodedEvent[], shown: string) => PartOutcome;
}

const compress = promisify(gzip);

/** Troubles that another target may not have; after a timeout nobody knows, so it is the next one's turn only. */
const ELSEWHERE = new Set(['connection', 'tls', 'protocol']);

/** Posts events over HTTP: a sink that is told how, by a protocol. */
export class HttpSink implements EventSink {
  readonly shown: string;
  readonly parallel: number;
  readonly sizeOf: (event: CouicEvent) => number;
  readonly #tls: TlsClientConfig | undefined;
  readonly #protocol: HttpEventProtocol;
  readonly #clients: readonly HttpClient[];
  readonly #parts: Parts;
  #turn = 0;

  /** @param version - of the bridge, for the header `user-agent`. */
  constructor(version: string, { headers, tls, timeout }: HttpConfig, protocol: HttpEventProtocol) {
    this.#tls = tls;
    this.#protocol = protocol;
    this.#parts = { most: protocol.mostBytes };
    const common = {
      headers: {
        'user-agent': `couic-otel-bridge/${version}`,
        ...headers,
        ...protocol.headers,
        ...(protocol.gzip && { 'content-encoding': 'gzip' }),
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout,
    };
    this.#clients = protocol.targets.map((target) => new HttpClient({ ...common, ...target }));
    this.shown = this.#clients.map(({ shown }) => shown).join(', ');
    this.parallel = protocol.parallel ?? 1;
    this.sizeOf = (event) => protocol.encoded(event).bytes;
  }

  /** A file that is not there shows at start. */
  async open(): Promise<void> {
    if (this.#tls) await loadClientTls(this.#tls);
  }

  send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure> {
    return deliverInParts(events.map(this.#protocol.encoded), this.#parts, (part) => this.#request(part, signal));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #request(events: readonly EncodedEvent[], signal: AbortSignal): Promise<PartOutcome> {
    const { body: bodyOf, gzip, answerBounds, judge } = this.#protocol;
    const plain = bodyOf(events);
    const body = gzip ? await compress(plain, { level: 1 }) : plain;
    const bounds = answerBounds?.(events.length);
    for (let tried = 1; ; tried++) {
      const client = this.#clients[this.#turn++ % this.#clients.length]!;
      const answer = await client.ask({ method: 'POST', path: '', body }, signal, bounds);
      if (answer.kind === 'answer') return judge(answer, events, client.shown);
      if (tried < this.#clients.length && ELSEWHERE.has(answer.reason) && !signal.aborted) continue;
      return { reason: answer.reason, message: answer.message };
    }
  }
}

/** A request that was answered with another status than it should: nothing of it was taken. */
export function statusFailure({ status, retryAfter }: Answer, message: string): Failure {
  return { reason: `status_${status}`, message, ...(retryAfter !== undefined && { retryAfter }) };
}
