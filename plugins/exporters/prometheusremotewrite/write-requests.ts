import { setImmediate } from 'node:timers/promises';
import type { Attributes } from '@opentelemetry/api';
import { type DataPoint, DataPointType, type Histogram, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { formatBound } from '../../../src/telemetry/prometheus/bound.ts';
import { type Family, type FamilyOptions, familiesOf } from '../../../src/telemetry/prometheus/families.ts';
import { type Label, labelsOf, scopeLabels } from '../../../src/telemetry/prometheus/labels.ts';
import { WriteRequest } from './messages.ts';
import { type Series, SeriesRegistry } from './series.ts';

export interface WriteRequestsOptions extends FamilyOptions {
  readonly externalLabels: readonly Label[];
  readonly withoutScopeInfo: boolean;
  readonly resourceLabels: boolean;
  readonly metadata: boolean;
  /** Bytes of one request, before compression. */
  readonly maxBytes: number;
}

type Sample = readonly [series: Series, value: number | 'stale'];

/** Samples after which other work gets its turn. */
const SAMPLES_A_SLICE = 256;

/** Turns collections into WriteRequests: the samples that a scrape would show, and the end of those that are gone. */
export class WriteRequests {
  readonly #options: WriteRequestsOptions;
  readonly #registry = new SeriesRegistry();

  constructor(options: WriteRequestsOptions) {
    this.#options = options;
  }

  /** @param timestamp - of all samples, in ms since the epoch; later than that of the collection before. */
  async *of(metrics: ResourceMetrics, timestamp: number): AsyncGenerator<Uint8Array> {
    const families = familiesOf(metrics, this.#options);
    this.#registry.begin();
    let request = new WriteRequest();
    if (this.#options.metadata) for (const { name, type, help } of families) request.describe(name, type, help);
    let samples = 0;
    for (const [{ labels }, value] of this.#samples(metrics, families)) {
      request.add(labels, value, timestamp);
      if (++samples % SAMPLES_A_SLICE === 0) await setImmediate();
      if (request.size >= this.#options.maxBytes) {
        yield request.finish();
        request = new WriteRequest();
      }
    }
    if (request.size > 0) yield request.finish();
  }

  *#samples(metrics: ResourceMetrics, families: readonly Family[]): Generator<Sample> {
    const common = this.#commonLabels(metrics);
    const { namespace } = this.#options;
    const resource = metrics.resource.attributes as Attributes;
    yield [this.#registry.see(namespace === '' ? 'target_info' : `${namespace}_target_info`, resource, '', common), 1];
    for (const { name, members } of families) {
      for (const { scope, metric } of members) {
        const extra = this.#options.withoutScopeInfo ? common : [...common, ...scopeLabels(scope)];
        const key = this.#options.withoutScopeInfo ? '' : JSON.stringify(scope);
        const see = (sample: string, attributes: Attributes, bound?: string) =>
          this.#registry.see(sample, attributes, key, extra, bound);
        for (const point of metric.dataPoints) {
          if (metric.dataPointType === DataPointType.HISTOGRAM) {
            yield* histogramSamples(name, point as DataPoint<Histogram>, see);
          } else {
            yield [see(name, point.attributes), point.value as number];
          }
        }
      }
    }
    for (const series of this.#registry.ended()) yield [series, 'stale'];
  }

  /** Nobody scrapes, so nobody else says what job and what instance this is. */
  #commonLabels({ resource }: ResourceMetrics): Label[] {
    const { externalLabels, resourceLabels } = this.#options;
    const attributes = resource.attributes as Attributes;
    const namespace = attributes['service.namespace'];
    const name = String(attributes['service.name'] ?? '');
    return [
      ['job', namespace === undefined ? name : `${namespace}/${name}`],
      ['instance', String(attributes['service.instance.id'] ?? '')],
      ...externalLabels,
      ...(resourceLabels ? labelsOf(attributes) : []),
    ];
  }
}

function* histogramSamples(
  name: string,
  { attributes, value: { buckets, count, sum } }: DataPoint<Histogram>,
  see: (sample: string, attributes: Attributes, bound?: string) => Series,
): Generator<Sample> {
  let cumulative = 0;
  for (const [index, bound] of buckets.boundaries.entries()) {
    if (bound === Number.POSITIVE_INFINITY) break;
    cumulative += buckets.counts[index] ?? 0;
    yield [see(`${name}_bucket`, attributes, formatBound(bound)), cumulative];
  }
  yield [see(`${name}_bucket`, attributes, '+Inf'), count];
  if (sum !== undefined) yield [see(`${name}_sum`, attributes), sum];
  yield [see(`${name}_count`, attributes), count];
}
