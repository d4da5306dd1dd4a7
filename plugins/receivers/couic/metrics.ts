import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** What the receiver counts, since the process started. */
export const RECEIVER_METRICS = {
  acceptedReports: {
    name: 'couic.bridge.receiver.accepted_reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports committed by the receiver.',
    attributes: [ATTR.instance],
  },
  replayedReports: {
    name: 'couic.bridge.receiver.replayed_reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports that Couic sent again and that were already counted.',
    details:
      'The retries that would otherwise have been counted twice. Rising while `accepted_reports` stands still means that Couic resends a body and gives up before the new part of it arrives.',
    attributes: [ATTR.instance],
  },
  refusedRequests: {
    name: 'couic.bridge.receiver.refused_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that were refused, by reason; nothing of them was lost that came whole before the break.',
    details:
      "The sender keeps its reports. `couic.instance.name` is there where it is known; the receiver's page lists the reasons.",
    attributes: [ATTR.instance, ATTR.reason],
  },
  requestDuration: {
    name: 'http.server.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of requests to the bridge. Couic gives up at 2 s.',
    details:
      'The answer comes after the commit. What is slower than the bucket `2` was answered to nobody, and is sent again.',
    attributes: [ATTR.httpRoute, ATTR.httpMethod, ATTR.httpStatus],
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
  },
} as const satisfies Record<string, MetricDefinition>;
