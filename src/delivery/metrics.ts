import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { ATTR } from '../telemetry/names.ts';

/** Of every exporter that pushes metrics. */
export const DELIVERY_METRICS = {
  sentRequests: {
    name: 'couic.bridge.exporter.sent_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests with metrics that the other side took.',
    attributes: [ATTR.exporter],
  },
  sendFailedRequests: {
    name: 'couic.bridge.exporter.send_failed_requests',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send a request with metrics that failed, by reason.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  droppedRequests: {
    name: 'couic.bridge.exporter.dropped_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests with metrics that were given up, by reason; the totals come with the next one.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
} as const satisfies Record<string, MetricDefinition>;
