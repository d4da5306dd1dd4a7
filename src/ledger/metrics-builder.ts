import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
} from '@opentelemetry/sdk-metrics';
import type { MetricDefinition } from '../telemetry/names.ts';
import type { BucketCounts } from './histogram.ts';

/** Builds what a MetricProducer gives, from definitions in names.ts. Metrics without a data point are left out. */
export class MetricsBuilder {
  readonly metrics: MetricData[] = [];
  readonly #start: HrTime;
  readonly #end: HrTime;

  /** @param start - of every total. @param end - the time of this collection. */
  constructor(start: HrTime, end: HrTime) {
    this.#start = start;
    this.#end = end;
  }

  numbers(definition: MetricDefinition, points: Iterable<readonly [Attributes, number]>): void {
    const dataPoints: DataPoint<number>[] = [];
    // A gauge says what is, so it has no start of its own.
    const startTime = definition.kind === 'gauge' ? this.#end : this.#start;
    for (const [attributes, value] of points) dataPoints.push({ startTime, endTime: this.#end, attributes, value });
    if (dataPoints.length === 0) return;
    const common = {
      descriptor: descriptorOf(definition, ValueType.DOUBLE),
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    this.metrics.push(
      definition.kind === 'gauge'
        ? { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
        : { ...common, dataPointType: DataPointType.SUM, isMonotonic: definition.kind === 'counter', dataPoints },
    );
  }

  histograms(definition: MetricDefinition, points: Iterable<readonly [Attributes, BucketCounts]>): void {
    const dataPoints: DataPoint<Histogram>[] = [];
    for (const [attributes, { boundaries, counts, count, sum }] of points) {
      const value = { buckets: { boundaries: [...boundaries], counts: [...counts] }, count, sum };
      dataPoints.push({ startTime: this.#start, endTime: this.#end, attributes, value });
    }
    if (dataPoints.length === 0) return;
    this.metrics.push({
      descriptor: descriptorOf(definition, ValueType.DOUBLE),
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints,
    });
  }
}

function descriptorOf({ name, description, unit }: MetricDefinition, valueType: ValueType) {
  return { name, description, unit, valueType };
}
