import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** What becomes of digests, since the process started. */
export const DIGEST_METRICS = {
  sent: {
    name: 'couic.bridge.digest.sent',
    kind: 'counter',
    unit: '{digest}',
    description: 'Digests that a notifier took.',
    details: 'Silent intervals make none.',
    attributes: [ATTR.exporter, ATTR.notifier],
  },
  sendFailed: {
    name: 'couic.bridge.digest.send_failed',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send a digest that failed and may succeed later, by reason.',
    details: 'Reasons are `connection`, `timeout`, `tls`, `protocol`, and `status_429` and the like.',
    attributes: [ATTR.exporter, ATTR.notifier, ATTR.reason],
  },
  dropped: {
    name: 'couic.bridge.digest.dropped',
    kind: 'counter',
    unit: '{digest}',
    description: 'Digests that a notifier will not be told, by reason.',
    details:
      'Reasons are `refused` (it will never take them), `expired` (older than `retry_on_failure.max_elapsed_time`) and `too_many` (more than a hundred wait).',
    attributes: [ATTR.exporter, ATTR.notifier, ATTR.reason],
  },
  waiting: {
    name: 'couic.bridge.digest.waiting',
    kind: 'gauge',
    unit: '{digest}',
    description: 'Digests that a notifier was not told yet.',
    details: 'Over restarts.',
    attributes: [ATTR.exporter, ATTR.notifier],
  },
} as const satisfies Record<string, MetricDefinition>;
