import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import { hrTime } from '../telemetry/hr-time.ts';
import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import type { BucketCounts } from './histogram.ts';

/** A series, what it has counted, and since when, in ms since the epoch. */
export type Counted = readonly [attributes: Attributes, value: number, start: number];

/** A series, and where it stands. */
export type Level = readonly [attributes: Attributes, value: number];

/** Builds what a MetricProducer gives, from the definitions of its metrics. Metrics without a data point are left out. */
export class MetricsBuilder {
  readonly metrics: MetricData[] = [];
  readonly #ledgerStart: HrTime;
  readonly #end: HrTime;
  /** Many series began together: they share one. */
  #start: { ms: number; time: HrTime } = { ms: 0, time: [0, 0] };

  /** @param ledgerStart - when the ledger began. @param end - the time of this collection. Both in ms since the epoch. */
  constructor(ledgerStart: number, end: number) {
    this.#ledgerStart = hrTime(ledgerStart);
    this.#end = hrTime(end);
  }

  counts(definition: MetricDefinition<'counter'>, points: Iterable<Counted>): void {
    const dataPoints: DataPoint<number>[] = [];
    for (const [attributes, value, start] of points)
      dataPoints.push(this.#point(this.#startTime(start), attributes, value));
    this.#sum(definition, dataPoints, true);
  }

  /**
   * Where an up-down counter stands is the sum of all that came and went since the ledger began, and whoever makes deltas
   * leaves it alone: so a series needs no start of its own, though it goes with its last rule and comes again.
   */
  balances(definition: MetricDefinition<'updowncounter'>, points: Iterable<Level>): void {
    this.#sum(definition, this.#levels(this.#ledgerStart, points), false);
  }

  /** A gauge says what is, so it has no start. */
  gauges(definition: MetricDefinition<'gauge'>, points: Iterable<Level>): void {
    const dataPoints = this.#levels(this.#end, points);
    if (dataPoints.length === 0) return;
    this.metrics.push({ ...common(definition), dataPointType: DataPointType.GAUGE, dataPoints });
  }

  histograms(
    definition: MetricDefinition<'histogram'>,
    points: Iterable<readonly [attributes: Attributes, counts: BucketCounts]>,
  ): void {
    const dataPoints: DataPoint<Histogram>[] = [];
    for (const [attributes, { boundaries, counts, count, sum, start }] of points) {
      const value = { buckets: { boundaries: [...boundaries], counts: [...counts] }, count, sum };
      dataPoints.push(this.#point(this.#startTime(start), attributes, value));
    }
    if (dataPoints.length === 0) return;
    this.metrics.push({ ...common(definition), dataPointType: DataPointType.HISTOGRAM, dataPoints });
  }

  #levels(startTime: HrTime, points: Iterable<Level>): DataPoint<number>[] {
    const dataPoints: DataPoint<number>[] = [];
    for (const [attributes, value] of points) dataPoints.push(this.#point(startTime, attributes, value));
    return dataPoints;
  }

  #sum(definition: MetricDefinition, dataPoints: DataPoint<number>[], isMonotonic: boolean): void {
    if (dataPoints.length === 0) return;
    this.metrics.push({ ...common(definition), dataPointType: DataPointType.SUM, isMonotonic, dataPoints });
  }

  #point<T>(startTime: HrTime, attributes: Attributes, value: T): DataPoint<T> {
    return { startTime, endTime: this.#end, attributes, value };
  }

  #startTime(ms: number): HrTime {
    if (this.#start.ms !== ms) this.#start = { ms, time: hrTime(ms) };
    return this.#start.time;
  }
}

function common({ name, description, unit }: MetricDefinition) {
  return {
    descriptor: { name, description, unit, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  } as const;
}
