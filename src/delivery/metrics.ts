import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { ATTR } from '../telemetry/names.ts';

/** Of every exporter that pushes metrics. */
export const DELIVERY_METRICS = {
  sentRequests: {
    name: 'couic.bridge.exporter.sent_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests with metrics that the other side took.',
    details: 'One or more at each interval.',
    attributes: [ATTR.exporter],
  },
  sendFailedRequests: {
    name: 'couic.bridge.exporter.send_failed_requests',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send a request with metrics that failed, by reason.',
    details:
      'Reasons are `connection`, `timeout`, `tls`, `protocol` (what answers speaks no HTTP), and `status_503` and the like. Most attempts are made again.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  droppedRequests: {
    name: 'couic.bridge.exporter.dropped_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests with metrics that were given up, by reason; the totals come with the next one.',
    details:
      'Refused (`status_400`, …), too old (`retry_exhausted`), too many (`queue_full`), or not sent before the end (`shutdown`). A gap in a graph; the totals are right again with the next request that arrives.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
} as const satisfies Record<string, MetricDefinition>;
