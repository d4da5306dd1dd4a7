import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Sleep, systemSleep } from '../clock.ts';
import { isLoopback } from '../config/endpoint.ts';
import type { RetryConfig } from '../config/retry.ts';
import { loadClientTls, type TlsClientConfig } from '../config/tls.ts';
import type { Exporter, ExporterContext } from '../service/component.ts';
import type { ComponentStatus } from '../service/component-status.ts';
import type { Finding } from '../telemetry/finding.ts';
import { deliveryObserver } from './delivery-observer.ts';
import { HttpPoster } from './http-poster.ts';
import { PushLoop } from './push-loop.ts';
import { SendingQueue } from './sending-queue.ts';

/** The options that every pushing exporter has. */
interface PushConfig {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls?: TlsClientConfig | undefined;
  readonly timeout: number;
  readonly interval: number;
  readonly retry_on_failure: RetryConfig;
  readonly sending_queue: { readonly queue_size: number };
}

/** What one protocol is. */
export interface PushProtocol {
  /** Where requests go. */
  readonly url: string;
  /** Headers that say what the body is. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which answers may be others the next time. */
  readonly retryable: (status: number) => boolean;
  /** The bodies of one collection, in order. */
  encode(metrics: ResourceMetrics): AsyncIterable<Uint8Array>;
  /** A body that holds nothing, by which the other side can be asked whether it takes any. */
  nothing(): Promise<Uint8Array>;
  /** Looks into a 2xx answer. @param receiver - its URL, for messages. */
  onAccepted?(body: Uint8Array, receiver: string): void;
}

/** What tests put in place of the world. */
interface Hooks {
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

/** Collects at each interval, encodes, and sends in order: an exporter that is told how, by a protocol. */
export class PushExporter implements Exporter {
  readonly reader: PushLoop;
  readonly #context: ExporterContext;
  readonly #config: PushConfig;
  readonly #poster: HttpPoster;
  readonly #queue: SendingQueue;
  readonly #observer: ReturnType<typeof deliveryObserver>;
  readonly #protocol: PushProtocol;

  constructor(context: ExporterContext, config: PushConfig, protocol: PushProtocol, hooks: Hooks = {}) {
    const { sleep = systemSleep, random = Math.random } = hooks;
    const { id, logger, clock, meter, version } = context;
    const { tls, timeout, interval } = config;
    const { url, retryable, onAccepted } = protocol;
    this.#context = context;
    this.#config = config;
    this.#protocol = protocol;
    this.#poster = new HttpPoster({
      url,
      headers: { 'user-agent': `couic-otel-bridge/${version}`, ...config.headers, ...protocol.headers },
      tls: tls && (() => loadClientTls(tls)),
      timeout,
      retryable,
      ...(onAccepted && { onAccepted: (body: Uint8Array) => onAccepted(body, this.#poster.shown) }),
    });
    this.#observer = deliveryObserver({ exporter: id, meter, logger, clock });
    this.#queue = new SendingQueue({
      send: (body, signal) => this.#poster.post(body, signal),
      retry: config.retry_on_failure,
      size: config.sending_queue.queue_size,
      observer: this.#observer,
      clock,
      sleep,
      random,
    });
    const push = async (metrics: ResourceMetrics) => {
      for await (const body of protocol.encode(metrics)) this.#queue.offer(body);
    };
    this.reader = new PushLoop({
      producer: context.producer(),
      interval,
      push,
      acts: () => context.acts(),
      logger,
      sleep,
    });
  }

  async start(): Promise<void> {
    const { tls, headers, interval } = this.#config;
    const { logger } = this.#context;
    if (tls) await loadClientTls(tls);
    logger.info(`Metrics go to ${this.#poster.shown} every ${interval / 1000} s`);
    const { protocol, hostname } = new URL(this.#poster.shown);
    if (protocol === 'http:' && !isLoopback(hostname) && Object.keys(headers).length > 0) {
      logger.warn(`The headers go to ${hostname} unencrypted: use https, or a network that nobody listens on`);
    }
    this.reader.start();
  }

  /** Asks with a body of nothing, past the queue. */
  async examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const { shown } = this.#poster;
    const { tls } = this.#config;
    if (tls) await loadClientTls(tls);
    const outcome = await this.#poster.post(await this.#protocol.nothing(), signal);
    if (outcome.kind === 'success') return [{ level: 'ok', message: `${shown} takes metrics` }];
    return [{ level: 'failure', message: `metrics are not taken: ${outcome.message}` }];
  }

  status(): ComponentStatus {
    const { since, size } = this.#queue;
    const age = since === undefined ? 0 : (this.#context.clock.monotonic() - since) / 1000;
    const waiting = size + (since === undefined ? 0 : 1);
    return {
      where: this.#poster.shown,
      queue: { size: waiting, unit: 'requests', oldest: age },
      ...this.#observer.state,
    };
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.reader.finish();
    await this.#queue.end(deadline);
    await this.#poster.close();
  }
}
