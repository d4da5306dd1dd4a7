type MetricKind = 'counter' | 'updowncounter' | 'gauge' | 'histogram';

/**
 * One metric: the one place for its name, unit and buckets. Its Prometheus name is derived (the Collector's rules), never written.
 * Of any kind, `kind` tells which.
 */
export type MetricDefinition<Kind extends MetricKind = MetricKind> = { readonly [K in Kind]: OfKind<K> }[Kind];

interface OfKind<Kind extends MetricKind> {
  readonly name: string;
  readonly kind: Kind;
  /** UCUM. Counts are annotated (`{report}`), since a plain `1` becomes `_ratio` in Prometheus. */
  readonly unit: string;
  /** One sentence, given with the metric. */
  readonly description: string;
  /** What more a reader of docs/metrics.md wants to know: Markdown. */
  readonly details?: string;
  readonly attributes: readonly string[];
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly boundaries?: readonly number[];
}
