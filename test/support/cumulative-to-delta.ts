import type { Attributes } from '@opentelemetry/api';
import { DataPointType, type Histogram, type MetricProducer } from '@opentelemetry/sdk-metrics';

/**
 * What the Collector's processor cumulativetodelta makes of collections, told from its source (v0.155.0,
 * internal/tracking/tracker.go, `initial_value: auto`, its default): a series is another one with another start; the first
 * value of one that began before the processor did, or at the time of its own point, is dropped; sums that can fall are
 * left alone. The conformance tests run the real one.
 */
export class CumulativeToDelta {
  readonly #started: number;
  readonly #series = new Map<string, number>();
  /** Sum of all deltas by metric; of histograms, of their counts. */
  readonly totals: Record<string, number> = {};

  /** @param started - of the processor, ms since the epoch. */
  constructor(started: number) {
    this.#started = started;
  }

  async read(producer: MetricProducer): Promise<void> {
    const { resourceMetrics } = await producer.collect();
    for (const metric of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
      if (metric.dataPointType === DataPointType.GAUGE) continue;
      if (metric.dataPointType === DataPointType.SUM && !metric.isMonotonic) continue;
      for (const { attributes, value, startTime, endTime } of metric.dataPoints) {
        const count = typeof value === 'number' ? value : (value as Histogram).count;
        this.#point(metric.descriptor.name, attributes, count, milliseconds(startTime), milliseconds(endTime));
      }
    }
  }

  #point(metric: string, attributes: Attributes, value: number, start: number, end: number): void {
    const series = JSON.stringify([metric, start, Object.entries(attributes).sort()]);
    const last = this.#series.get(series);
    this.#series.set(series, value);
    if (last === undefined ? start < this.#started || start === end : value < last) return;
    this.totals[metric] = (this.totals[metric] ?? 0) + value - (last ?? 0);
  }
}

function milliseconds([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1000 + nanoseconds / 1e6;
}
