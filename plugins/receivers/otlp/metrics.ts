import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** What the receiver counts, since the process started. */
export const OTLP_METRICS = {
  takenPoints: {
    name: 'couic.bridge.otlp.points',
    kind: 'counter',
    unit: '{point}',
    description: 'Points that were taken, those that told nothing new included.',
    attributes: [ATTR.receiver],
  },
  refusedPoints: {
    name: 'couic.bridge.otlp.refused_points',
    kind: 'counter',
    unit: '{point}',
    description: 'Points that were refused, by reason; their sender was told so.',
    attributes: [ATTR.receiver, ATTR.reason],
  },
  refusedRequests: {
    name: 'couic.bridge.otlp.refused_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that were refused, and connections that were ended, by reason.',
    attributes: [ATTR.receiver, ATTR.reason],
  },
  series: {
    name: 'couic.bridge.otlp.series',
    kind: 'gauge',
    unit: '{series}',
    description: 'Series of which a total is kept, those that are not shown at present included.',
    attributes: [ATTR.receiver],
  },
  seriesLimit: {
    name: 'couic.bridge.otlp.series_limit',
    kind: 'gauge',
    unit: '{series}',
    description: 'Series of which a total may be kept: `max_series`.',
    attributes: [ATTR.receiver],
  },
} as const satisfies Record<string, MetricDefinition>;
