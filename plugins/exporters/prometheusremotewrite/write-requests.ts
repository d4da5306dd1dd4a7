import { setImmediate } from 'node:timers/promises';
import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import { type DataPoint, DataPointType, type Histogram, type ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { byResource } from '../../../src/service/metric-source.ts';
import { formatBound } from '../../../src/telemetry/prometheus/bound.ts';
import { type Family, type FamilyOptions, familiesOf } from '../../../src/telemetry/prometheus/families.ts';
import { type Label, labelsOf, scopeLabels } from '../../../src/telemetry/prometheus/labels.ts';
import { jobAndInstance, targetInfoOf } from '../../../src/telemetry/prometheus/targets.ts';
import { WriteRequest } from './messages.ts';
import { type Series, SeriesRegistry } from './series.ts';

export interface WriteRequestsOptions extends FamilyOptions {
  readonly externalLabels: readonly Label[];
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
    const { namespace } = this.#options;
    const targets = new Map<Resource, Target>();
    const parts = byResource(metrics);
    for (const [number, { resource }] of parts.entries())
      targets.set(resource, {
        key: number === 0 ? '' : `${JSON.stringify(resource.attributes)} `,
        labels: this.#labelsOf(resource),
      });
    const info = namespace === '' ? 'target_info' : `${namespace}_target_info`;
    for (const { resource } of parts) {
      const { key, labels } = targets.get(resource)!;
      if (resource !== metrics.resource && !targetInfoOf(resource)) continue;
      yield [this.#registry.see(info, resource.attributes as Attributes, key, labels), 1];
    }
    for (const { name, members } of families) {
      for (const { scope, metric, resource } of members) {
        const target = targets.get(resource ?? metrics.resource)!;
        const extra = this.#options.withoutScopeInfo ? target.labels : [...target.labels, ...scopeLabels(scope)];
        const key = this.#options.withoutScopeInfo ? target.key : target.key + JSON.stringify(scope);
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
  #labelsOf(resource: Resource): Label[] {
    const { externalLabels, resourceLabels } = this.#options;
    return [
      ...jobAndInstance(resource),
      ...externalLabels,
      ...(resourceLabels ? labelsOf(resource.attributes as Attributes) : []),
    ];
  }
}

/** Whose metrics they are. */
interface Target {
  /** Stands for its labels. */
  readonly key: string;
  readonly labels: readonly Label[];
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
