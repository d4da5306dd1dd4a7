import type { Attributes } from '@opentelemetry/api';
import { emptyResource, type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  type CollectionResult,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import type { SourcedMetrics } from '../../../../../src/service/metric-source.ts';

interface Series {
  readonly resource: string;
  readonly metric: string;
  readonly kind: 'counter' | 'gauge';
  readonly attributes: Attributes;
  total: number;
  readonly start: number;
}

/** Totals that others sent, as a receiver gives them: of resources, each since it began. */
export class ForeignSeries implements MetricProducer {
  readonly series: Series[] = [];
  readonly #resources = new Map<string, Resource>();
  readonly #source: string;

  constructor(source = 'receiver/otlp') {
    this.#source = source;
  }

  /** @param resource - its `service.instance.id`. @param start - milliseconds since the epoch. */
  add(resource: string, metric: string, attributes: Attributes, n: number, start = 1000): void {
    this.#of(resource, metric, 'counter', attributes, start).total += n;
  }

  set(resource: string, metric: string, attributes: Attributes, value: number): void {
    this.#of(resource, metric, 'gauge', attributes, 1000).total = value;
  }

  /** As a receiver does with what was not heard of for long. */
  forget(resource: string): void {
    const kept = this.series.filter((each) => each.resource !== resource);
    this.series.splice(0, this.series.length, ...kept);
  }

  #of(resource: string, metric: string, kind: Series['kind'], attributes: Attributes, start: number): Series {
    const text = JSON.stringify(attributes);
    const same = (each: Series) =>
      each.resource === resource && each.metric === metric && JSON.stringify(each.attributes) === text;
    let series = this.series.find(same);
    if (!series) {
      series = { resource, metric, kind, attributes, total: 0, start };
      this.series.push(series);
    }
    return series;
  }

  async collect(): Promise<CollectionResult> {
    const scopeMetrics = [...new Set(this.series.map(({ resource }) => resource))].map((name): SourcedMetrics => {
      let resource = this.#resources.get(name);
      if (!resource) {
        resource = resourceFromAttributes({ 'service.name': 'gate', 'service.instance.id': name });
        this.#resources.set(name, resource);
      }
      const metrics = this.series.filter((each) => each.resource === name).map(metricOf);
      return { scope: { name: 'gate.scope', version: '1' }, metrics, resource, source: this.#source };
    });
    return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
  }
}

function metricOf({ metric, kind, attributes, total, start }: Series): MetricData {
  const common = {
    descriptor: { name: metric, unit: '1', description: '', valueType: 1 },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    dataPoints: [
      {
        attributes,
        value: total,
        startTime: [Math.floor(start / 1000), (start % 1000) * 1e6] as [number, number],
        endTime: [2_000_000_000, 0] as [number, number],
      },
    ],
  };
  return kind === 'gauge'
    ? { ...common, dataPointType: DataPointType.GAUGE }
    : { ...common, dataPointType: DataPointType.SUM, isMonotonic: true };
}
