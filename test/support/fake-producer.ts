import { type Attributes, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';

export interface FakeSeries {
  readonly metric: MetricDefinition;
  readonly attributes: Attributes;
  /** The value, or the observations of a histogram. */
  value: number | readonly number[];
}

/** When what it counts began, in seconds; long before the process, as with a durable total. */
export const FAKE_START = 1_700_000_000;

/** A MetricProducer as the ledger is one: durable totals, and the same attributes objects at each collection. */
export class FakeProducer implements MetricProducer {
  series: FakeSeries[];
  errors: unknown[] = [];
  failure: Error | undefined;
  /** Seconds. */
  now = 1_800_000_000;

  constructor(series: FakeSeries[] = []) {
    this.series = series;
  }

  async collect(): Promise<CollectionResult> {
    if (this.failure) throw this.failure;
    const groups = new Map<MetricDefinition, FakeSeries[]>();
    for (const series of this.series) {
      const group = groups.get(series.metric);
      if (group) group.push(series);
      else groups.set(series.metric, [series]);
    }
    const metrics = [...groups].map(([metric, series]) => this.#metric(metric, series));
    const scopeMetrics = [{ scope: { name: 'couic-otel-bridge/ledger', version: '1.2.3' }, metrics }];
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: this.errors };
  }

  #metric(metric: MetricDefinition, series: readonly FakeSeries[]): MetricData {
    const { name, unit, description } = metric;
    const common = {
      descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
    };
    const point = <T>(attributes: Attributes, value: T) => ({
      startTime: [FAKE_START, 0] as [number, number],
      endTime: [this.now, 0] as [number, number],
      attributes,
      value,
    });
    if (metric.kind === 'histogram') {
      const boundaries = [...(metric.boundaries ?? [])];
      const dataPoints = series.map(({ attributes, value }) =>
        point(attributes, histogram(boundaries, value as readonly number[])),
      );
      return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints };
    }
    const dataPoints = series.map(({ attributes, value }) => point(attributes, value as number));
    return metric.kind === 'gauge'
      ? { ...common, dataPointType: DataPointType.GAUGE, dataPoints }
      : { ...common, dataPointType: DataPointType.SUM, isMonotonic: metric.kind === 'counter', dataPoints };
  }
}

function histogram(boundaries: number[], values: readonly number[]) {
  const counts = new Array<number>(boundaries.length + 1).fill(0);
  for (const value of values) {
    const index = boundaries.findIndex((boundary) => value <= boundary);
    counts[index < 0 ? boundaries.length : index]! += 1;
  }
  return { buckets: { boundaries, counts }, count: values.length, sum: values.reduce((sum, value) => sum + value, 0) };
}
