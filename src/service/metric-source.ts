import type { Resource } from '@opentelemetry/resources';
import type { MetricProducer, ResourceMetrics, ScopeMetrics } from '@opentelemetry/sdk-metrics';

/**
 * `current`: series that are there now. `totals`: besides, counters of series that are not heard of at present, since what
 * they counted last may not have been told yet.
 */
export type MetricView = 'current' | 'totals';

/** Where metrics come from: the ledger, a receiver that keeps series of others. */
export interface MetricSource {
  /** @param names - of what it has: the only ones to give. */
  producer(names: readonly string[], view?: MetricView): MetricProducer;
  /** Called and waited for before series end for good; when it rejects, none does. @returns ends it. */
  beforeForgetting(listener: () => Promise<void>): () => void;
}

/** What a receiver has for metrics pipelines. Receivers that share a source each name their own part of it. */
export interface MetricOffer {
  readonly source: MetricSource;
  /** Of Couic instances; a receiver that keeps series of others is one name, `receiver/ID`. They survive restarts. */
  readonly names: readonly string[];
}

/** Metrics of one scope, as a source may give them: the SDK's readers pass these on as they are. */
export interface SourcedMetrics extends ScopeMetrics {
  /** What they are of; left out where that is the bridge, or a Couic by attribute. The same object each time. */
  readonly resource?: Resource;
  /** Name of the source's part that gives them, when it is none of Couic's: `receiver/otlp`. */
  readonly source?: string;
}

/** A collection, resource by resource: the bridge's own first. */
export function byResource({ resource, scopeMetrics }: ResourceMetrics): ResourceMetrics[] {
  const own: ScopeMetrics[] = [];
  const others = new Map<Resource, ScopeMetrics[]>();
  for (const each of scopeMetrics as readonly SourcedMetrics[]) {
    if (each.resource === undefined) own.push(each);
    else {
      const some = others.get(each.resource);
      if (some) some.push(each);
      else others.set(each.resource, [each]);
    }
  }
  return [
    { resource, scopeMetrics: own },
    ...[...others].map(([other, metrics]) => ({ resource: other, scopeMetrics: metrics })),
  ];
}

/** Whether it is the name of a Couic instance, which has no slash. */
export function isInstance(name: string): boolean {
  return !name.includes('/');
}
