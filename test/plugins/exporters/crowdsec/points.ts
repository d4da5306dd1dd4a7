import type { Attributes } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

export interface TestMetric {
  name: string;
  /** @default 'counter' */
  kind?: 'counter' | 'updowncounter' | 'gauge';
  /** @default false */
  delta?: boolean;
  /** Milliseconds since the epoch. @default 1000 */
  start?: number;
  points: readonly (readonly [Attributes, number])[];
}

/** A collection made by hand. */
export function collection(...metrics: TestMetric[]): ResourceMetrics {
  return { resource: emptyResource(), scopeMetrics: [{ scope: { name: 'test' }, metrics: metrics.map(metricData) }] };
}

function metricData({ name, kind = 'counter', delta = false, start = 1000, points }: TestMetric): MetricData {
  const common = {
    descriptor: { name, unit: '1', description: '', valueType: 1 },
    aggregationTemporality: delta ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE,
    dataPoints: points.map(([attributes, value]) => ({
      attributes,
      value,
      startTime: [Math.floor(start / 1000), (start % 1000) * 1e6] as [number, number],
      endTime: [start, 0] as [number, number],
    })),
  };
  return kind === 'gauge'
    ? { ...common, dataPointType: DataPointType.GAUGE }
    : { ...common, dataPointType: DataPointType.SUM, isMonotonic: kind === 'counter' };
}
