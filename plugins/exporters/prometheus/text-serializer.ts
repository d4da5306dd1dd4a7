import type { Attributes } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import {
  type DataPoint,
  DataPointType,
  type Histogram,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { byResource } from '../../../src/service/metric-source.ts';
import { type Family, type FamilyOptions, familiesOf } from '../../../src/telemetry/prometheus/families.ts';
import { type Label, labelsOf, scopeLabels } from '../../../src/telemetry/prometheus/labels.ts';
import { jobAndInstance, targetInfoOf } from '../../../src/telemetry/prometheus/targets.ts';
import type { TextFormat } from './text-format.ts';

export interface TextSerializerOptions extends FamilyOptions {
  readonly constLabels: readonly Label[];
}

/** Series in one piece of text: some 50 KB, and well below a millisecond. */
const SERIES_A_PIECE = 256;

/**
 * Metrics as text, piece by piece, so that a big scrape can make room for other work between two pieces.
 *
 * The labels of a series are written once and then looked up by the identity of its attributes object: who produces
 * metrics hands out the same object at each collection and never changes it. (A new object works as well, only slower.)
 * Escaping and sorting labels is what made the official serializer miss its time: see docs/adr.
 */
export class TextSerializer {
  readonly #options: TextSerializerOptions;
  /** By resource and scope, since labels of both are part of the text. */
  readonly #labels = new WeakMap<Resource, Map<string, SeriesLabels>>();

  constructor(options: TextSerializerOptions) {
    this.#options = options;
  }

  *serialize(metrics: ResourceMetrics, format: TextFormat): Generator<string, void, undefined> {
    yield this.#targetInfo(metrics, format);
    for (const family of familiesOf(metrics, this.#options)) {
      let text = introduce(family.name, family.type, family.help, format);
      let series = 0;
      for (const { scope, metric, resource } of family.members) {
        const labels = this.#labelsOf(scope, resource, metrics);
        for (const point of metric.dataPoints) {
          text +=
            metric.dataPointType === DataPointType.HISTOGRAM
              ? histogramLines(family.name, labels.of(point.attributes), point as DataPoint<Histogram>, format)
              : sampleLine(family.name, labels.of(point.attributes), point.value as number);
          if (++series % SERIES_A_PIECE === 0) {
            yield text;
            text = '';
          }
        }
      }
      if (text !== '') yield text;
    }
    yield format.end;
  }

  /** `target_info`: what is known about the bridge, and about each other source, as labels of a 1. */
  #targetInfo(metrics: ResourceMetrics, format: TextFormat): string {
    const name = this.#options.namespace === '' ? 'target_info' : `${this.#options.namespace}_target_info`;
    const [{ resource }, ...others] = byResource(metrics) as [ResourceMetrics, ...ResourceMetrics[]];
    const labels = [labelsOf(resource.attributes as Attributes), ...others.map((each) => targetInfoOf(each.resource))];
    const lines = new Set(labels.flatMap((some) => (some ? sampleLine(name, write(some), 1) : [])));
    return introduce(name, 'info', 'Target metadata', format) + [...lines].join('');
  }

  /** @param other - the source, when it is not the bridge. */
  #labelsOf(scope: ScopeMetrics['scope'], other: Resource | undefined, metrics: ResourceMetrics): SeriesLabels {
    const resource = other ?? metrics.resource;
    const byScope = this.#labels.get(resource) ?? new Map<string, SeriesLabels>();
    this.#labels.set(resource, byScope);
    const key = JSON.stringify([scope.name, scope.version, scope.schemaUrl]);
    let labels = byScope.get(key);
    if (!labels) {
      const extra = [...this.#options.constLabels];
      if (!this.#options.withoutScopeInfo) extra.push(...scopeLabels(scope));
      if (this.#options.resourceLabels) extra.push(...labelsOf(resource.attributes as Attributes));
      if (other) extra.push(...jobAndInstance(other));
      labels = new SeriesLabels(extra);
      byScope.set(key, labels);
    }
    return labels;
  }
}

class SeriesLabels {
  readonly #extra: readonly Label[];
  readonly #written = new WeakMap<Attributes, string>();

  constructor(extra: readonly Label[]) {
    this.#extra = extra;
  }

  /** `a="1",b="2"`, without braces. */
  of(attributes: Attributes): string {
    let text = this.#written.get(attributes);
    if (text === undefined) {
      text = write(labelsOf(attributes, this.#extra));
      this.#written.set(attributes, text);
    }
    return text;
  }
}

function write(labels: readonly Label[]): string {
  return labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',');
}

function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/"/g, '\\"');
}

function introduce(name: string, type: Family['type'] | 'info', help: string, format: TextFormat): string {
  const shown = format.introduced(name, type);
  return `# HELP ${shown} ${format.escapeHelp(help)}\n# TYPE ${shown} ${format.typeWord(type)}\n`;
}

function sampleLine(name: string, labels: string, value: number): string {
  return labels === '' ? `${name} ${formatValue(value)}\n` : `${name}{${labels}} ${formatValue(value)}\n`;
}

function histogramLines(name: string, labels: string, { value }: DataPoint<Histogram>, format: TextFormat): string {
  const { boundaries, counts } = value.buckets;
  const before = labels === '' ? '' : `${labels},`;
  let text = '';
  let cumulative = 0;
  for (let index = 0; index < boundaries.length; index++) {
    if (boundaries[index] === Number.POSITIVE_INFINITY) break;
    cumulative += counts[index] ?? 0;
    text += `${name}_bucket{${before}le="${format.bound(boundaries[index]!)}"} ${cumulative}\n`;
  }
  text += `${name}_bucket{${before}le="+Inf"} ${value.count}\n`;
  if (value.sum !== undefined) text += sampleLine(`${name}_sum`, labels, value.sum);
  return text + sampleLine(`${name}_count`, labels, value.count);
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
