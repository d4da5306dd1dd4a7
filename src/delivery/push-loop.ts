import { type MetricProducer, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Logger } from 'pino';
import type { Sleep } from '../clock.ts';
import { Repeating } from './repeating.ts';

interface PushLoopOptions {
  readonly producer: MetricProducer;
  /** Milliseconds from one collection to the next. */
  readonly interval: number;
  /** Given every collection, one after the other. */
  readonly push: (metrics: ResourceMetrics) => Promise<void>;
  /** Whether it may now; else the next time. @default always */
  readonly acts?: () => boolean;
  readonly logger: Logger;
  readonly sleep: Sleep;
}

/**
 * Collects at each interval and hands on what was collected, cumulative. The SDK's periodic reader cannot do it: its timer runs from the
 * moment it is bound, before the bridge has started, and what an exporter could not send it never offers again.
 */
export class PushLoop extends MetricReader {
  readonly #options: PushLoopOptions;
  readonly #repeating: Repeating;

  constructor(options: PushLoopOptions) {
    super({ metricProducers: [options.producer] });
    this.#options = options;
    this.#repeating = new Repeating(() => this.#once(), options.sleep);
  }

  /** The first collection is at once, so that a wrong endpoint shows at once. */
  start(): void {
    this.#repeating.start();
  }

  /** Ends the loop with one last collection. Safe without `start()`, and twice. */
  async finish(): Promise<void> {
    if (!this.#repeating.running) return;
    await this.#repeating.stop();
    await this.#once();
  }

  protected async onForceFlush(): Promise<void> {
    if (this.#repeating.running) await this.#once();
  }

  protected async onShutdown(): Promise<void> {
    await this.finish();
  }

  async #once(): Promise<number> {
    const { push, logger, interval, acts } = this.#options;
    if (acts && !acts()) return interval;
    try {
      const { resourceMetrics, errors } = await this.collect();
      if (errors.length > 0) logger.warn({ errors: errors.map(String) }, 'Some metrics could not be collected');
      await push(resourceMetrics);
    } catch (error) {
      logger.error({ err: error }, `Metrics could not be collected: ${(error as Error).message}`);
    }
    return interval;
  }
}
