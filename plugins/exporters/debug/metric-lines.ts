import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { counted } from '../../../src/telemetry/counted.ts';

type Point = DataPoint<number> | DataPoint<Histogram>;

/** How much there is, by the words of the Collector's exporter. */
export function sizesOf(resources: readonly ResourceMetrics[]): Readonly<Record<string, number>> {
  const metrics = resources.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return {
    'resource metrics': resources.length,
    metrics: metrics.length,
    'data points': metrics.reduce((sum, { dataPoints }) => sum + dataPoints.length, 0),
  };
}

/** A line for each data point: `couic.reports{couic.instance.name=edge} 12`. @param most - data points. */
export function* normalLines(resources: readonly ResourceMetrics[], most: number): Generator<string> {
  const { counted, rest } = counter(most);
  for (const { scopeMetrics } of resources) {
    for (const { metrics } of scopeMetrics) {
      for (const metric of metrics) {
        for (const point of pointsOf(metric)) {
          if (counted()) yield `${metric.descriptor.name}{${pairs(point.attributes)}} ${briefValue(point)}`;
        }
      }
    }
  }
  yield* rest();
}

/** All there is of each, in the Collector's form. @param most - data points. */
export function* detailedLines(resources: readonly ResourceMetrics[], most: number): Generator<string> {
  const { counted, rest } = counter(most);
  for (const [index, { resource, scopeMetrics }] of resources.entries()) {
    yield `ResourceMetrics #${index}`;
    yield* attributeLines('Resource attributes:', resource.attributes);
    for (const [number, { scope, metrics }] of scopeMetrics.entries()) {
      yield `ScopeMetrics #${number}`;
      yield `InstrumentationScope ${scope.name} ${scope.version ?? ''}`.trimEnd();
      for (const [place, metric] of metrics.entries()) {
        yield `Metric #${place}`;
        yield* descriptorLines(metric);
        for (const [nth, point] of pointsOf(metric).entries()) if (counted()) yield* pointLines(metric, point, nth);
      }
    }
  }
  yield* rest();
}

/** Counts what is written up to a bound, and says at the end what was not. */
function counter(most: number) {
  let seen = 0;
  return {
    counted: () => ++seen <= most,
    *rest() {
      if (seen > most) yield `… and ${counted(seen - most, 'data points')} more`;
    },
  };
}

function pointsOf(metric: MetricData): readonly Point[] {
  return metric.dataPoints as readonly Point[];
}

function* descriptorLines(metric: MetricData): Generator<string> {
  const { name, description, unit } = metric.descriptor;
  yield 'Descriptor:';
  yield `     -> Name: ${name}`;
  yield `     -> Description: ${description}`;
  yield `     -> Unit: ${unit}`;
  yield `     -> DataType: ${typeOf(metric)}`;
  if (metric.dataPointType === DataPointType.GAUGE) return;
  if (metric.dataPointType === DataPointType.SUM) yield `     -> IsMonotonic: ${metric.isMonotonic}`;
  const isDelta = metric.aggregationTemporality === AggregationTemporality.DELTA;
  yield `     -> AggregationTemporality: ${isDelta ? 'Delta' : 'Cumulative'}`;
}

function typeOf({ dataPointType }: MetricData): string {
  if (dataPointType === DataPointType.GAUGE) return 'Gauge';
  return dataPointType === DataPointType.SUM ? 'Sum' : 'Histogram';
}

function* pointLines(metric: MetricData, { attributes, startTime, endTime, value }: Point, nth: number) {
  yield `${metric.dataPointType === DataPointType.HISTOGRAM ? 'HistogramDataPoints' : 'NumberDataPoints'} #${nth}`;
  yield* attributeLines('Data point attributes:', attributes);
  yield `StartTimestamp: ${isoTime(startTime)}`;
  yield `Timestamp: ${isoTime(endTime)}`;
  if (typeof value === 'number') {
    yield `Value: ${value}`;
    return;
  }
  yield `Count: ${value.count}`;
  if (value.sum !== undefined) yield `Sum: ${value.sum}`;
  for (const [index, bound] of value.buckets.boundaries.entries()) yield `ExplicitBounds #${index}: ${bound}`;
  for (const [index, count] of value.buckets.counts.entries()) yield `Buckets #${index}, Count: ${count}`;
}

function* attributeLines(heading: string, attributes: Attributes): Generator<string> {
  const entries = Object.entries(attributes);
  if (entries.length > 0) yield heading;
  for (const [key, value] of entries) yield `     -> ${key}: ${kindOf(value)}(${textOf(value)})`;
}

function briefValue({ value }: Point): string {
  if (typeof value === 'number') return String(value);
  const { count, sum, buckets } = value;
  const each = buckets.counts.map((number, index) => `le${buckets.boundaries[index] ?? '+Inf'}=${number}`);
  return [`count=${count}`, ...(sum === undefined ? [] : [`sum=${sum}`]), ...each].join(' ');
}

function pairs(attributes: Attributes): string {
  return Object.entries(attributes)
    .map(([key, value]) => `${key}=${textOf(value)}`)
    .join(',');
}

function kindOf(value: Attributes[string]): string {
  if (typeof value === 'string') return 'Str';
  if (typeof value === 'boolean') return 'Bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Int' : 'Double';
  return Array.isArray(value) ? 'Slice' : 'Empty';
}

function textOf(value: Attributes[string]): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value ?? '');
}

function isoTime([seconds, nanoseconds]: HrTime): string {
  const date = new Date(seconds * 1000 + nanoseconds / 1e6);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString();
}
