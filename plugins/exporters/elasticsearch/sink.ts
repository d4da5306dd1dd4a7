import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { loadClientTls } from '../../../src/config/tls.ts';
import { HttpClient } from '../../../src/delivery/http-client.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import {
  deliverInParts,
  type EncodedEvent,
  encodedOnce,
  type PartOutcome,
  type Parts,
} from '../../../src/events/in-parts.ts';
import type { Delivery, EventSink, Failure } from '../../../src/events/sink.ts';
import { shownUrl } from '../../../src/telemetry/shown-url.ts';
import { FILTER_PATH, judgeItems } from './bulk-answer.ts';
import { bulkEncoder } from './bulk-lines.ts';
import type { ElasticsearchConfig } from './config.ts';
import { judgeRefusal } from './refusal.ts';

const compress = promisify(gzip);

/** Bytes of an answer that are read: what is said of an event that was not taken can be long. */
const ANSWER_A_REQUEST = 65_536;
const ANSWER_AN_EVENT = 16_384;

/** Troubles that another node of the cluster may not have; after a timeout nobody knows, so it is the next one's turn only. */
const ELSEWHERE = new Set(['connection', 'tls', 'protocol']);

export interface SinkContext {
  /** For the header `user-agent`. */
  readonly version: string;
  /** Told of events that were there already. */
  readonly onKnown?: (count: number) => void;
}

/** The bulk API of Elasticsearch and OpenSearch: each event is created under its own id, so that the same one is not created again. */
export class ElasticsearchSink implements EventSink {
  readonly shown: string;
  readonly parallel = 4;
  readonly #config: ElasticsearchConfig;
  readonly #context: SinkContext;
  readonly #clients: readonly HttpClient[];
  readonly #encoded: (event: CouicEvent) => EncodedEvent;
  readonly #parts: Parts = { most: Number.POSITIVE_INFINITY };
  #turn = 0;

  constructor(config: ElasticsearchConfig, context: SinkContext) {
    this.#config = config;
    this.#context = context;
    this.#encoded = encodedOnce(bulkEncoder(config));
    const endpoints = config.endpoints ?? [config.endpoint as string];
    this.shown = endpoints.map(shownUrl).join(', ');
    this.#clients = endpoints.map((endpoint) => this.#client(endpoint));
  }

  readonly sizeOf = (event: CouicEvent): number => this.#encoded(event).bytes;

  /** A file that is not there shows at start. */
  async open(): Promise<void> {
    const { tls } = this.#config;
    if (tls) await loadClientTls(tls);
  }

  send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure> {
    const encoded = events.map(this.#encoded);
    return deliverInParts(encoded, this.#parts, (part) => this.#request(part, signal));
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #request(events: readonly EncodedEvent[], signal: AbortSignal): Promise<PartOutcome> {
    const plain = events.map(({ text }) => text).join('');
    const body = this.#config.compression === 'gzip' ? await compress(plain, { level: 1 }) : plain;
    const bounds = { most: ANSWER_A_REQUEST + events.length * ANSWER_AN_EVENT, patience: this.#config.timeout };
    for (let tried = 1; ; tried++) {
      const client = this.#clients[this.#turn++ % this.#clients.length]!;
      const answer = await client.ask({ method: 'POST', path: '', body }, signal, bounds);
      if (answer.kind !== 'answer') {
        if (tried < this.#clients.length && ELSEWHERE.has(answer.reason) && !signal.aborted) continue;
        return { reason: answer.reason, message: answer.message };
      }
      if (answer.status !== 200) return judgeRefusal(answer, client.shown);
      const judged = judgeItems(events, answer.body, client.shown);
      if ('reason' in judged) return judged;
      if (judged.known > 0) this.#context.onKnown?.(judged.known);
      return judged.delivery;
    }
  }

  #client(endpoint: string): HttpClient {
    const { tls, timeout, compression } = this.#config;
    return new HttpClient({
      url: bulkUrl(endpoint, this.#config.pipeline),
      shown: shownUrl(endpoint),
      headers: {
        'user-agent': `couic-otel-bridge/${this.#context.version}`,
        ...authorization(this.#config),
        ...this.#config.headers,
        'content-type': 'application/x-ndjson',
        accept: 'application/json',
        ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout,
    });
  }
}

function bulkUrl(endpoint: string, pipeline: string | undefined): string {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/_bulk`;
  url.searchParams.set('filter_path', FILTER_PATH);
  if (pipeline !== undefined) url.searchParams.set('pipeline', pipeline);
  return url.href;
}

function authorization({ user, password, api_key }: ElasticsearchConfig): Record<string, string> {
  if (api_key !== undefined) return { authorization: `ApiKey ${api_key}` };
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
