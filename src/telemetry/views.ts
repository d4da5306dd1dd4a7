import { AggregationType, createAllowListAttributesProcessor, type ViewOptions } from '@opentelemetry/sdk-metrics';
import type { MetricDefinition } from './metric-definition.ts';

/**
 * Attribute sets that one of the bridge's own instruments may have. They count instances, exporters, reasons and routes,
 * all of which the configuration or the code bounds; beyond it the SDK counts under `otel.metric.overflow`.
 */
const CARDINALITY_LIMIT = 2000;

/** One view for each definition: its buckets, and no attribute that it does not name. */
export function viewsOf(metrics: readonly MetricDefinition[]): ViewOptions[] {
  return metrics.map((metric) => ({
    instrumentName: metric.name,
    attributesProcessors: [createAllowListAttributesProcessor([...metric.attributes])],
    aggregationCardinalityLimit: CARDINALITY_LIMIT,
    ...(metric.boundaries && {
      aggregation: {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries: [...metric.boundaries], recordMinMax: false },
      },
    }),
  }));
}
