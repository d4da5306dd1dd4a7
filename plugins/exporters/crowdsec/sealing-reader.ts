import { type MetricProducer, MetricReader, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { Clock, Sleep } from '../../../src/clock.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import type { Log } from './log.ts';
import type { Sealed } from './sealer.ts';
import type { CrowdSecUsageMetricsExporter } from './usage-metrics-exporter.ts';

/** After a window that could not be written. */
const SOON = 60_000;

interface SealingReaderOptions {
  readonly exporter: CrowdSecUsageMetricsExporter;
  readonly producer: MetricProducer;
  /** Milliseconds between windows. */
  readonly interval: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
}

/**
 * Seals a window at each interval. The SDK's periodic reader cannot do it: its timer runs from the moment it is bound,
 * before the storage is loaded; it begins a new interval with each restart, so that a bridge that restarts often would
 * never seal; and it cannot come again when the second of a window is still to come.
 */
export class SealingReader extends MetricReader {
  readonly #options: SealingReaderOptions;
  readonly #repeating: Repeating;
  /** Ends short waits. */
  readonly #end = new AbortController();

  constructor(options: SealingReaderOptions) {
    super({
      aggregationTemporalitySelector: (type) => options.exporter.selectAggregationTemporality(type),
      metricProducers: [options.producer],
    });
    this.#options = options;
    this.#repeating = new Repeating(async (end) => Math.min(await this.#seal(end), options.interval), options.sleep);
  }

  /** After the storage was loaded. */
  start(): void {
    this.#repeating.start(this.#firstWait());
  }

  async metrics(): Promise<ResourceMetrics> {
    const { resourceMetrics, errors } = await this.collect();
    if (errors.length > 0)
      this.#options.log.warn({ errors: errors.map(String) }, 'Some metrics could not be collected');
    return resourceMetrics;
  }

  /** The last window. @param deadline - ends the short wait that its second may need. Safe without `start()`, and twice. */
  async finish(deadline: AbortSignal): Promise<void> {
    if (!this.#repeating.running) return;
    this.#end.abort();
    await this.#repeating.stop();
    await this.#seal(deadline);
  }

  /** Seals what was counted so far, since some of its series are about to end. Rejects when it cannot be. */
  async takeLast(): Promise<void> {
    if (!this.#repeating.running) return;
    const sealed = await this.#sealAll(this.#end.signal);
    if (sealed.kind === 'wait' || sealed.more) throw new Error('a window waits for its second');
    this.#options.exporter.send();
  }

  protected async onForceFlush(): Promise<void> {
    if (!this.#repeating.running) return;
    await this.#seal(this.#end.signal);
    await this.#options.exporter.forceFlush();
  }

  protected async onShutdown(): Promise<void> {
    await this.finish(AbortSignal.timeout(0));
  }

  /** A restart does not begin a new interval. */
  #firstWait(): number {
    const { clock, exporter, interval } = this.#options;
    const { lastAt } = exporter.outbox.state.said;
    if (lastAt === undefined) return interval;
    const since = clock.now() - lastAt;
    // Sealed in what is now the future: the clock had been ahead, and nobody knows how long ago it was.
    return since < 0 ? 0 : Math.max(interval - since, 0);
  }

  /** As many windows as it takes. @param signal - ends it after the one that is under way. */
  async #sealAll(signal: AbortSignal): Promise<Sealed> {
    for (;;) {
      const sealed = await this.#options.exporter.seal(await this.metrics(), signal);
      if (sealed.kind === 'wait' || !sealed.more || signal.aborted) return sealed;
    }
  }

  /** @returns milliseconds until the next window. */
  async #seal(signal: AbortSignal): Promise<number> {
    const { exporter, interval, log } = this.#options;
    try {
      const sealed = await this.#sealAll(signal);
      if (this.#repeating.running) exporter.send();
      if (sealed.kind !== 'wait') return interval;
      log.debug(
        { milliseconds: sealed.milliseconds },
        'The clock has not reached the second of the next window: it will tell this one too',
      );
      return sealed.milliseconds;
    } catch (error) {
      log.error({ err: error }, `No window could be sealed; the next one will tell all: ${(error as Error).message}`);
      return SOON;
    }
  }
}
