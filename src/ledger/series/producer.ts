import { setImmediate } from 'node:timers/promises';
import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { MetricView, SourcedMetrics } from '../../service/metric-source.ts';
import { hrTime } from '../../telemetry/hr-time.ts';
import type { SeriesNumber, SeriesTable, Stream } from './series-table.ts';

interface ProducerOptions {
  readonly table: SeriesTable;
  /** Name of the source. */
  readonly source: string;
  readonly view: MetricView;
  /** Whether a series is there now. */
  readonly isCurrent: (series: SeriesNumber) => boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Series after which other work gets its turn. */
const SERIES_A_SLICE = 2000;

/**
 * The totals of series, cumulative whatever their sources send, each since its total began: so neither a restart of the
 * bridge nor one of the source is a reset.
 */
export class SeriesProducer implements MetricProducer {
  readonly #options: ProducerOptions;

  constructor(options: ProducerOptions) {
    this.#options = options;
  }

  async collect(): Promise<CollectionResult> {
    const { table, source, now } = this.#options;
    const end = hrTime(now());
    const byStream = new Map<Stream, (DataPoint<number> | DataPoint<Histogram>)[]>();
    for (let series = 0; series < table.rows; series++) {
      if (series % SERIES_A_SLICE === SERIES_A_SLICE - 1) await setImmediate();
      if (!this.#isGiven(series)) continue;
      const stream = table.streamOf(series);
      let points = byStream.get(stream);
      if (!points) {
        points = [];
        byStream.set(stream, points);
      }
      points.push(this.#point(series, stream, end));
    }
    return {
      resourceMetrics: { resource: emptyResource(), scopeMetrics: scopesOf(byStream, source) },
      errors: [],
    };
  }

  #isGiven(series: SeriesNumber): boolean {
    const { table, view, isCurrent } = this.#options;
    if (!table.has(series)) return false;
    if (isCurrent(series)) return true;
    const { kind } = table.streamOf(series).info;
    return view === 'totals' && (kind === 'counter' || kind === 'histogram');
  }

  #point(series: SeriesNumber, { info }: Stream, endTime: HrTime): DataPoint<number> | DataPoint<Histogram> {
    const { table } = this.#options;
    const attributes: Attributes = table.attributesOf(series);
    const startTime = info.kind === 'gauge' ? endTime : hrTime(table.beginOf(series));
    const histogram = table.histogramOf(series);
    if (!histogram) return { startTime, endTime, attributes, value: table.totalOf(series) };
    const { bounds, counts, count, sum } = histogram.total;
    const value: Histogram = {
      buckets: { boundaries: [...bounds], counts: [...counts] },
      count,
      ...(sum !== undefined && { sum }),
    };
    return { startTime, endTime, attributes, value };
  }
}

type Points = (DataPoint<number> | DataPoint<Histogram>)[];

/** Streams of one resource and scope go together. */
function scopesOf(byStream: ReadonlyMap<Stream, Points>, source: string): SourcedMetrics[] {
  const scopes = new Map<unknown, Map<string, { scope: SourcedMetrics; metrics: MetricData[] }>>();
  const all: SourcedMetrics[] = [];
  for (const [stream, points] of byStream) {
    const { resource, info } = stream;
    const ofResource = scopes.get(resource) ?? new Map();
    scopes.set(resource, ofResource);
    const key = JSON.stringify(info.scope);
    let group = ofResource.get(key);
    if (!group) {
      const metrics: MetricData[] = [];
      const scope: SourcedMetrics = { scope: info.scope, metrics, resource, source };
      group = { scope, metrics };
      ofResource.set(key, group);
      all.push(scope);
    }
    group.metrics.push(metricOf(stream, points));
  }
  return all;
}

function metricOf({ info: { name, unit, description, kind } }: Stream, dataPoints: Points): MetricData {
  const common = {
    descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (kind === 'histogram')
    return { ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: dataPoints as DataPoint<Histogram>[] };
  const numbers = dataPoints as DataPoint<number>[];
  if (kind === 'gauge') return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: numbers };
  return { ...common, dataPointType: DataPointType.SUM, isMonotonic: kind === 'counter', dataPoints: numbers };
}
