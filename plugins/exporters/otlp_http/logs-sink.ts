import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { loadClientTls } from '../../../src/config/tls.ts';
import { HttpPoster } from '../../../src/delivery/http-poster.ts';
import type { CouicEvent } from '../../../src/events/event.ts';
import { type LogSource, logRecord, logSource } from '../../../src/events/formats/otlp.ts';
import { deliverInParts, type EncodedEvent, type PartOutcome, type Parts } from '../../../src/events/in-parts.ts';
import { onceEach } from '../../../src/events/once-each.ts';
import type { Delivery, EventSink, Failure } from '../../../src/events/sink.ts';
import type { ExporterContext } from '../../../src/service/component.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { printable } from '../../../src/telemetry/printable.ts';
import { logsUrl, type OtlpHttpConfig } from './config.ts';

const compress = promisify(gzip);
const MIB = 1_048_576;
/** Answers that may be about the records, and not about who sends them. */
const ABOUT_RECORDS = new Set(['status_400', 'status_413', 'status_422']);

/** Events as LogRecords of OTLP, in protobuf by the official serializer. */
export class OtlpLogsSink implements EventSink {
  readonly #context: ExporterContext;
  readonly #config: OtlpHttpConfig;
  readonly #poster: HttpPoster;
  readonly #parts: Parts;
  readonly #encoded: (event: CouicEvent) => EncodedEvent;
  #source: LogSource | undefined;
  /** The body of the last 2xx: one request is under way at a time. */
  #accepted: Uint8Array = new Uint8Array();

  constructor(context: ExporterContext, config: OtlpHttpConfig) {
    const { tls, timeout, headers, compression, batch } = config;
    this.#context = context;
    this.#config = config;
    this.#parts = { most: batch.max_size_mib * MIB };
    this.#encoded = onceEach((event) => ({ event, text: '', bytes: this.#bytesOf([event]).length }));
    this.#poster = new HttpPoster({
      url: logsUrl(config),
      headers: {
        'user-agent': `couic-otel-bridge/${context.version}`,
        ...headers,
        'content-type': 'application/x-protobuf',
        ...(compression === 'gzip' && { 'content-encoding': 'gzip' }),
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout,
      retryable: () => true,
      onAccepted: (body) => {
        this.#accepted = body;
      },
    });
  }

  get shown(): string {
    return this.#poster.shown;
  }

  readonly sizeOf = (event: CouicEvent): number => this.#encoded(event).bytes;

  async open(): Promise<void> {
    if (this.#config.tls) await loadClientTls(this.#config.tls);
    this.#source = logSource(this.#context);
  }

  send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure> {
    return deliverInParts(events.map(this.#encoded), this.#parts, (part) => this.#request(part, signal));
  }

  close(): Promise<void> {
    return this.#poster.close();
  }

  async #request(part: readonly EncodedEvent[], signal: AbortSignal): Promise<PartOutcome> {
    const events = part.map(({ event }) => event);
    const plain = this.#bytesOf(events);
    this.#accepted = new Uint8Array();
    const body = this.#config.compression === 'gzip' ? await compress(plain, { level: 1 }) : plain;
    const outcome = await this.#poster.post(body, signal);
    if (outcome.kind === 'success') return this.#judged(events);
    const { kind: _kind, ...failure } = outcome;
    if (!ABOUT_RECORDS.has(failure.reason)) return failure;
    return { doubt: failure, tooLarge: failure.reason === 'status_413' };
  }

  /**
   * The receiver may have taken a part only, says so in its 200, and not which: the same must not be sent again.
   * @see https://opentelemetry.io/docs/specs/otlp/#partial-success-1
   */
  #judged(events: readonly CouicEvent[]): Delivery {
    const { rejected, said } = partialSuccess(this.#accepted);
    if (rejected >= events.length) return { refused: events.map((event) => ({ event, reason: 'partial_success' })) };
    if (rejected > 0)
      this.#context.logger.warn(
        `${this.shown} refused ${rejected} of ${counted(events.length, 'events')}, and not which: ${said}`,
      );
    return {};
  }

  #bytesOf(events: readonly CouicEvent[]): Uint8Array {
    return ProtobufLogsSerializer.serializeRequest(events.map((event) => logRecord(event, this.#source!)))!;
  }
}

function partialSuccess(body: Uint8Array): { rejected: number; said: string } {
  try {
    const { partialSuccess: partial } = ProtobufLogsSerializer.deserializeResponse(body);
    return { rejected: Number(partial?.rejectedLogRecords ?? 0), said: printable(partial?.errorMessage ?? '', 300) };
  } catch {
    // A 2xx of what is no OTLP.
    return { rejected: 0, said: '' };
  }
}
