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
import type { SplunkHecConfig } from './config.ts';
import { judgeHecAnswer } from './hec-answer.ts';
import { hecEvent } from './hec-event.ts';

const compress = promisify(gzip);

/** The HTTP Event Collector of Splunk, and of what else speaks as it does. */
export class SplunkHecSink implements EventSink {
  readonly parallel = 4;
  readonly #config: SplunkHecConfig;
  readonly #client: HttpClient;
  readonly #encoded: (event: CouicEvent) => EncodedEvent;
  readonly #parts: Parts;

  /** @param version - of the bridge. */
  constructor(config: SplunkHecConfig, version: string) {
    this.#config = config;
    this.#encoded = encodedOnce((event) => hecEvent(event, config));
    this.#parts = { most: config.max_content_length_logs };
    const { tls } = config;
    this.#client = new HttpClient({
      url: collectorUrl(config.endpoint),
      headers: {
        'user-agent': `couic-otel-bridge/${version}`,
        ...config.headers,
        authorization: `Splunk ${config.token}`,
        'content-type': 'application/json',
        ...(!config.disable_compression && { 'content-encoding': 'gzip' }),
        __splunk_app_name: config.splunk_app_name,
        __splunk_app_version: config.splunk_app_version ?? version,
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout: config.timeout,
    });
  }

  get shown(): string {
    return this.#client.shown;
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

  async #request(events: readonly EncodedEvent[], signal: AbortSignal): Promise<PartOutcome> {
    const plain = events.map(({ text }) => text).join('\n');
    const body = this.#config.disable_compression ? plain : await compress(plain, { level: 1 });
    const answer = await this.#client.ask({ method: 'POST', path: '', body }, signal);
    if (answer.kind !== 'answer') return { reason: answer.reason, message: answer.message };
    return judgeHecAnswer(answer, this.shown);
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** As the Collector's exporter has it. */
function collectorUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = '/services/collector';
  return url.href;
}
