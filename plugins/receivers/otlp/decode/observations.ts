import type { HistogramValue, Observation, SeriesKind, StreamInfo } from '../../../../src/ledger/series/observation.ts';
import {
  AggregationTemporality,
  DataPointFlags,
  type HistogramDataPoint,
  type Metric,
  type NumberDataPoint,
} from '../proto/metrics_pb.ts';
import { attributesOf } from './attributes.ts';
import type { Piece } from './piece.ts';

/** Metrics that are not kept, with why. */
export const METRIC_REFUSALS = {
  exponential: 'exponential histograms are not kept: give histograms with explicit buckets',
  summary: 'summaries are not kept: their quantiles cannot be added up',
  temporality: 'the metric does not say whether its points are cumulative or delta',
  empty: 'the metric has no data',
} as const;

export type MetricRefusal = keyof typeof METRIC_REFUSALS;

/** What a piece holds for the keeper. */
export type Observed =
  | { readonly info: StreamInfo; readonly points: Iterable<Observation> }
  | { readonly refusal: MetricRefusal; readonly points: number };

/** Resources and scopes come again with each metric of theirs. */
const resources = new WeakMap<object, StreamInfo['resource']>();
const scopes = new WeakMap<object, StreamInfo['scope']>();
const NO_RESOURCE: StreamInfo['resource'] = {};
const NO_SCOPE: StreamInfo['scope'] = { name: '', version: '', attributes: {} };

export function observe({ resource, scope, metric }: Piece): Observed {
  const { data } = metric;
  const info = (kind: SeriesKind): StreamInfo => ({
    resource: once(resources, resource, NO_RESOURCE, ({ attributes }) => attributesOf(attributes)),
    scope: once(scopes, scope, NO_SCOPE, ({ name, version, attributes }) => ({
      name,
      version,
      attributes: attributesOf(attributes),
    })),
    name: metric.name,
    unit: metric.unit,
    description: metric.description,
    kind,
  });
  switch (data.case) {
    case 'gauge':
      return { info: info('gauge'), points: numbers(data.value.dataPoints, 'cumulative') };
    case 'sum': {
      const { isMonotonic, aggregationTemporality, dataPoints } = data.value;
      const temporality = temporalityOf(aggregationTemporality);
      if (!temporality) return { refusal: 'temporality', points: dataPoints.length };
      return { info: info(isMonotonic ? 'counter' : 'updowncounter'), points: numbers(dataPoints, temporality) };
    }
    case 'histogram': {
      const { aggregationTemporality, dataPoints } = data.value;
      const temporality = temporalityOf(aggregationTemporality);
      if (!temporality) return { refusal: 'temporality', points: dataPoints.length };
      return { info: info('histogram'), points: histograms(dataPoints, temporality) };
    }
    case 'exponentialHistogram':
      return { refusal: 'exponential', points: data.value.dataPoints.length };
    case 'summary':
      return { refusal: 'summary', points: data.value.dataPoints.length };
    default:
      return { refusal: 'empty', points: pointsOf(metric) };
  }
}

/** None, unless it is of a kind that is not known yet, whose points cannot be counted. */
function pointsOf({ $unknown }: Metric): number {
  return $unknown && $unknown.length > 0 ? 1 : 0;
}

function once<Message extends object, Value>(
  known: WeakMap<object, Value>,
  message: Message | undefined,
  none: Value,
  make: (message: Message) => Value,
): Value {
  if (!message) return none;
  let value = known.get(message);
  if (value === undefined) {
    value = make(message);
    known.set(message, value);
  }
  return value;
}

function temporalityOf(temporality: AggregationTemporality): Observation['temporality'] | undefined {
  if (temporality === AggregationTemporality.CUMULATIVE) return 'cumulative';
  return temporality === AggregationTemporality.DELTA ? 'delta' : undefined;
}

function* numbers(points: readonly NumberDataPoint[], temporality: Observation['temporality']): Generator<Observation> {
  for (const { attributes, startTimeUnixNano, timeUnixNano, flags, value } of points)
    yield {
      attributes: attributesOf(attributes),
      temporality,
      start: Number(startTimeUnixNano),
      time: Number(timeUnixNano),
      value: hasNoValue(flags) ? 'ended' : Number(value.value ?? Number.NaN),
    };
}

function* histograms(
  points: readonly HistogramDataPoint[],
  temporality: Observation['temporality'],
): Generator<Observation> {
  for (const point of points)
    yield {
      attributes: attributesOf(point.attributes),
      temporality,
      start: Number(point.startTimeUnixNano),
      time: Number(point.timeUnixNano),
      value: hasNoValue(point.flags) ? 'ended' : histogramOf(point),
    };
}

function histogramOf({ explicitBounds, bucketCounts, count, sum }: HistogramDataPoint): HistogramValue {
  const total = Number(count);
  // A histogram without buckets has one.
  const counts = bucketCounts.length === 0 ? [total] : bucketCounts.map(Number);
  return { bounds: explicitBounds, counts, count: total, sum };
}

function hasNoValue(flags: number): boolean {
  return (flags & DataPointFlags.NO_RECORDED_VALUE_MASK) !== 0;
}
