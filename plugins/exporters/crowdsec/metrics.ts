import type { MetricDefinition } from '../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../src/telemetry/names.ts';

/** What becomes of windows, since the process started. */
export const WINDOW_METRICS = {
  sentWindows: {
    name: 'couic.bridge.exporter.sent_windows',
    kind: 'counter',
    unit: '{window}',
    description: 'Usage-metrics windows that LAPI answered with 201.',
    attributes: [ATTR.exporter],
  },
  sendFailedWindows: {
    name: 'couic.bridge.exporter.send_failed_windows',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send a window that failed and will be made again.',
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
    attributes: [ATTR.exporter, ATTR.reason],
  },
  queueSize: {
    name: 'couic.bridge.exporter.queue_size',
    kind: 'gauge',
    unit: '{window}',
    description: 'Windows that wait in the outbox.',
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
    attributes: [ATTR.exporter],
  },
} as const satisfies Record<string, MetricDefinition>;
