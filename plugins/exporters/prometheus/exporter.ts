import { PrometheusExporter as OfficialExporter } from '@opentelemetry/exporter-prometheus';
import type { MetricReader, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Endpoint, formatEndpoint, isLoopback } from '../../../src/config/endpoint.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import type { Exporter, ExporterContext } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import type { PrometheusConfig } from './config.ts';
import { scrapeRoutes } from './scrape-routes.ts';
import { SharedScrapes } from './shared-scrapes.ts';
import { negotiate, PROMETHEUS_TEXT, type TextFormat } from './text-format.ts';
import { TextSerializer } from './text-serializer.ts';

const PATH = '/metrics';

/**
 * Shows the metrics to a Prometheus that comes and asks. The official exporter is the reader; what it names, writes and
 * listens with is ours, for the Collector's names, for its time, and for a listener that start() opens: see docs/adr.
 */
export class PrometheusExporter implements Exporter {
  readonly reader: MetricReader;
  readonly #context: ExporterContext;
  readonly #config: PrometheusConfig;
  readonly #serializer: TextSerializer;
  readonly #listener: HttpListener;
  readonly #dropped = new Set<string>();
  #endpoint: Endpoint | undefined;
  #ended = false;
  /** Milliseconds since the epoch. */
  #lastScrape: number | null = null;

  constructor(context: ExporterContext, config: PrometheusConfig) {
    this.#context = context;
    this.#config = config;
    this.reader = new OfficialExporter({ preventServerStart: true, metricProducers: [context.producer()] });
    this.#serializer = new TextSerializer({
      strategy: config.translation_strategy,
      namespace: config.namespace,
      constLabels: Object.entries(config.const_labels),
      withoutScopeInfo: config.without_scope_info,
      resourceLabels: config.resource_to_telemetry_conversion.enabled,
      onDropped: (metric, reason) => this.#warnOnce(metric, reason),
    });
    const { id, logger, clock, connections } = context;
    this.#listener = new HttpListener({
      name: id,
      limits: config,
      tls: config.tls,
      router: scrapeRoutes({
        path: PATH,
        scrapes: new SharedScrapes({
          clock,
          collect: () => this.#collect(),
          serialize: (metrics, format) => this.#serializer.serialize(metrics, format),
        }),
        formatFor: (accept) => this.#formatFor(accept),
        onError: (error) => logger.error({ err: error }, 'A scrape failed'),
      }),
      budget: connections,
      logger,
      clock,
    });
  }

  /** Where it listens; undefined before `start`. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { endpoint, tls } = this.#config;
    this.#endpoint = await this.#listener.open(endpoint);
    const { logger } = this.#context;
    logger.info(`Metrics are at ${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint)}${PATH}`);
    if (!isLoopback(endpoint.host) && tls?.client_ca_file === undefined) {
      logger.warn(
        `Whoever reaches ${formatEndpoint(this.#endpoint)} can read the metrics: listen on 127.0.0.1, or ask for a client certificate with tls.client_ca_file`,
      );
    }
  }

  status(): ComponentStatus {
    const { endpoint, tls } = this.#config;
    const where = `${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint ?? endpoint)}${PATH}`;
    const note = this.#lastScrape === null ? 'No Prometheus has come to scrape since the start.' : undefined;
    return { where, lastSuccess: this.#lastScrape, ...(note && { note }) };
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#listener.close(deadline);
    if (this.#ended) return;
    this.#ended = true;
    await this.reader.shutdown();
  }

  async #collect(): Promise<ResourceMetrics> {
    const { resourceMetrics, errors } = await this.reader.collect();
    if (errors.length === 0) {
      this.#lastScrape = this.#context.clock.now();
      return resourceMetrics;
    }
    throw new AggregateError(
      errors,
      errors.map((error) => (error instanceof Error ? error.message : error)).join('; '),
    );
  }

  #formatFor(accept: string | undefined): TextFormat {
    const { enable_open_metrics, translation_strategy } = this.#config;
    // Counters would be called `_total` in OpenMetrics even where the configuration says no suffixes.
    const isOpen = enable_open_metrics && translation_strategy === 'UnderscoreEscapingWithSuffixes';
    return isOpen ? negotiate(accept) : PROMETHEUS_TEXT;
  }

  #warnOnce(metric: string, reason: string): void {
    if (this.#dropped.has(metric)) return;
    this.#dropped.add(metric);
    this.#context.logger.warn(`Metric ${metric} is not shown: ${reason}`);
  }
}
