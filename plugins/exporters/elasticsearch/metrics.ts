import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** Beside those of all exporters of events. */
export const BULK_METRICS = {
  knownEvents: {
    name: 'couic.bridge.events.known',
    kind: 'counter',
    unit: '{event}',
    description: 'Events among those sent that Elasticsearch or OpenSearch had already, under the same id.',
    details: 'An earlier request had arrived, and its answer had not.',
    attributes: [ATTR.exporter],
  },
} as const satisfies Record<string, MetricDefinition>;
