import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** What becomes of windows, since the process started. */
export const WINDOW_METRICS = {
  sentWindows: {
    name: 'couic.bridge.exporter.sent_windows',
    kind: 'counter',
    unit: '{window}',
    description: 'Usage-metrics windows that LAPI answered with 201.',
    details: 'With nothing to report, one a day.',
    attributes: [ATTR.exporter],
  },
  sendFailedWindows: {
    name: 'couic.bridge.exporter.send_failed_windows',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send a window that failed and will be made again.',
    details:
      'The window goes again with the same bytes, until LAPI takes it. Reasons are `connection`, `timeout`, `tls`, `protocol` (what answers speaks no HTTP), and `status_503` and the like. This counts attempts, not windows.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  quarantinedWindows: {
    name: 'couic.bridge.exporter.quarantined_windows',
    kind: 'counter',
    unit: '{window}',
    description: 'Windows that LAPI refused for good; `windows list` shows them, `windows resend` sends one again.',
    attributes: [ATTR.exporter],
  },
  droppedWindows: {
    name: 'couic.bridge.exporter.dropped_windows',
    kind: 'counter',
    unit: '{window}',
    description: 'Windows that the bounds of the outbox dropped unsent, by reason.',
    details: 'Reasons are `max_age`, `max_size` and `quarantine_full`. Their counts never reach CrowdSec.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  queueSize: {
    name: 'couic.bridge.exporter.queue_size',
    kind: 'gauge',
    unit: '{window}',
    description: 'Windows that wait in the outbox.',
    details: 'One or two for a moment are ordinary; a growing number means that LAPI is not reached.',
    attributes: [ATTR.exporter],
  },
  oldestWindowAge: {
    name: 'couic.bridge.exporter.oldest_window_age',
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest window in the outbox; 0 when none waits.',
    attributes: [ATTR.exporter],
  },
  lastSentTimestamp: {
    name: 'couic.bridge.exporter.last_sent_timestamp',
    kind: 'gauge',
    unit: 's',
    description: 'Unix time of the last 201 from LAPI.',
    details: 'Kept over restarts. Not there before the first.',
    attributes: [ATTR.exporter],
  },
} as const satisfies Record<string, MetricDefinition>;
