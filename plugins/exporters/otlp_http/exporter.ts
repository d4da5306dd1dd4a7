import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Exporter, ExporterContext } from '../../../src/component.ts';
import { isLoopback } from '../../../src/config/endpoint.ts';
import { loadClientTls } from '../../../src/config/tls.ts';
import { deliveryObserver } from '../../../src/delivery/delivery-observer.ts';
import { HttpPoster } from '../../../src/delivery/http-poster.ts';
import { PushLoop } from '../../../src/delivery/push-loop.ts';
import { SendingQueue } from '../../../src/delivery/sending-queue.ts';
import { type Sleep, systemSleep } from '../../../src/sleep.ts';
import { metricsUrl, type OtlpHttpConfig } from './config.ts';

/** What tests put in place of the world. */
export interface Hooks {
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

/** @see https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const RETRYABLE = new Set([429, 502, 503, 504]);

const compress = promisify(gzip);

/**
 * Sends all metrics to an OTLP receiver at each interval, cumulative and with their durable start times. The official
 * serializer; delivery is ours, since the official one knows no retry_on_failure and gives up what it could not send.
 */
export class OtlpHttpExporter implements Exporter {
  readonly reader: PushLoop;
  readonly #context: ExporterContext;
  readonly #config: OtlpHttpConfig;
  readonly #poster: HttpPoster;
  readonly #queue: SendingQueue;

  constructor(
    context: ExporterContext,
    config: OtlpHttpConfig,
    { sleep = systemSleep, random = Math.random }: Hooks = {},
  ) {
    this.#context = context;
    this.#config = config;
    const { id, logger, clock, meter } = context;
    const { tls } = config;
    this.#poster = new HttpPoster({
      url: metricsUrl(config),
      headers: {
        'user-agent': `couic-otel-bridge/${context.version}`,
        ...config.headers,
        'content-type': 'application/x-protobuf',
        ...(config.compression === 'gzip' && { 'content-encoding': 'gzip' }),
      },
      tls: tls && (() => loadClientTls(tls)),
      timeout: config.timeout,
      retryable: (status) => RETRYABLE.has(status),
      onAccepted: (body) => this.#lookForPartialSuccess(body),
    });
    this.#queue = new SendingQueue({
      send: (body, signal) => this.#poster.post(body, signal),
      retry: config.retry_on_failure,
      size: config.sending_queue.queue_size,
      observer: deliveryObserver({ exporter: id, meter, logger, clock }),
      clock,
      sleep,
      random,
    });
    this.reader = new PushLoop({
      producer: context.producer(),
      interval: config.interval,
      push: (metrics) => this.#push(metrics),
      logger,
      sleep,
    });
  }

  async start(): Promise<void> {
    const { tls, headers } = this.#config;
    const { logger } = this.#context;
    if (tls) await loadClientTls(tls);
    logger.info(`Metrics go to ${this.#poster.shown} every ${this.#config.interval / 1000} s`);
    const { protocol, hostname } = new URL(metricsUrl(this.#config));
    if (protocol === 'http:' && !isLoopback(hostname) && Object.keys(headers).length > 0) {
      logger.warn(`The headers go to ${hostname} unencrypted: use https, or a network that nobody listens on`);
    }
    this.reader.start();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.reader.finish();
    await this.#queue.end(deadline);
    await this.#poster.close();
  }

  async #push(metrics: ResourceMetrics): Promise<void> {
    const body = ProtobufMetricsSerializer.serializeRequest(metrics);
    if (body) this.#queue.offer(this.#config.compression === 'gzip' ? await compress(body) : body);
  }

  /** The receiver may have taken a part only, and says so in its 200. */
  #lookForPartialSuccess(body: Uint8Array): void {
    if (body.length === 0) return;
    const { logger } = this.#context;
    try {
      const { partialSuccess } = ProtobufMetricsSerializer.deserializeResponse(body);
      const { rejectedDataPoints: rejected = 0, errorMessage: said = '' } = partialSuccess ?? {};
      if (Number(rejected) > 0) logger.warn(`${this.#poster.shown} refused ${rejected} data points: ${said}`);
      else if (said) logger.warn(`${this.#poster.shown} took the metrics and says: ${said}`);
    } catch {
      logger.debug(`${this.#poster.shown} answered 200 with a body that is not OTLP`);
    }
  }
}
