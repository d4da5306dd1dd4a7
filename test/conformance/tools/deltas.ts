import { gunzipSync } from 'node:zlib';
import type { MetricsSink } from '../../support/metrics-sink.ts';

/** OTLP metrics in JSON, as far as it is read here. */
interface ExportedMetrics {
  /** Nothing is left of a request when the first value of each of its series is dropped. */
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly metrics?: readonly {
        readonly name: string;
        readonly sum?: { readonly aggregationTemporality: number; readonly dataPoints: readonly Point[] };
      }[];
    }[];
  }[];
}

interface Point {
  readonly attributes?: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
  readonly asDouble?: number;
  readonly asInt?: string;
}

const DELTA = 1;

/** What a backend of deltas has, that adds up what it is sent. */
export class Deltas {
  #requests = 0;
  readonly #sink: MetricsSink;
  readonly #reports: Record<string, number> = {};

  constructor(sink: MetricsSink) {
    this.#sink = sink;
  }

  /** The sums of `couic.reports` by tag. @throws for a sum that is no delta. */
  reports(): Record<string, number> {
    this.#readAll();
    return { ...this.#reports };
  }

  /** How many requests there were. */
  requests(): number {
    this.#readAll();
    return this.#requests;
  }

  #readAll(): void {
    for (const { body, headers } of this.#sink.requests.splice(0)) {
      this.#requests++;
      const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      this.#read(JSON.parse(text.toString()) as ExportedMetrics);
    }
  }

  #read({ resourceMetrics = [] }: ExportedMetrics): void {
    const metrics = resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics).flatMap(({ metrics = [] }) => metrics);
    for (const { name, sum } of metrics) {
      if (name !== 'couic.reports' || !sum) continue;
      if (sum.aggregationTemporality !== DELTA) throw new Error('couic.reports is no delta');
      for (const { attributes = [], asDouble, asInt } of sum.dataPoints) {
        const tag = attributes.find(({ key }) => key === 'couic.rule.tag')?.value.stringValue ?? '';
        this.#reports[tag] = (this.#reports[tag] ?? 0) + (asDouble ?? Number(asInt));
      }
    }
  }
}
