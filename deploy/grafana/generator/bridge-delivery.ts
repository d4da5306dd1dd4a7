import { instant, PER_MINUTE, range, type Step, seriesPanel, statPanel } from './panels.ts';
import { perMinute } from './promql.ts';

// Panels of the dashboard Bridge on what leaves it: windows for CrowdSec, and metrics that are pushed.

export const LOST: readonly Step[] = [[1, 'red']];
const LAST_WINDOW = 'time() - max by (exporter) (couic_bridge_exporter_last_sent_timestamp_seconds)';
const WINDOW_AGE: readonly Step[] = [
  [7200, 'yellow'],
  [93_600, 'red'],
];

export const lastWindow = statPanel(
  {
    title: 'Time since the last window',
    description:
      'Time since LAPI last took a window. One a day is sent even when nothing happened. Runbook: CrowdSecWindowStale.',
    unit: 's',
    width: 5,
    thresholds: WINDOW_AGE,
  },
  instant(LAST_WINDOW, '{{exporter}}'),
);

export const waiting = statPanel(
  {
    title: 'Windows waiting, now',
    description:
      'Windows in the outbox, for all exporters. One may be under way; more are waiting for LAPI. Runbook: CrowdSecQueueGrowing.',
    unit: 'none',
    decimals: 0,
    width: 3,
    thresholds: [
      [2, 'yellow'],
      [5, 'red'],
    ],
  },
  instant('sum(couic_bridge_exporter_queue_size)', 'waiting'),
);

export const lostWindows = statPanel(
  {
    title: 'Windows lost, in range',
    description:
      'Windows that LAPI refused for good (kept, to be sent again by hand), and windows that the bounds of the outbox dropped. Runbooks: CrowdSecWindowQuarantined, CrowdSecWindowDropped.',
    unit: 'none',
    decimals: 0,
    width: 4,
    thresholds: LOST,
  },
  instant('sum(increase(couic_bridge_exporter_quarantined_windows_total[$__range])) or vector(0)', 'refused'),
  instant('sum(increase(couic_bridge_exporter_dropped_windows_total[$__range])) or vector(0)', 'dropped'),
);

export const windows = seriesPanel(
  {
    title: 'Windows sent, each hour',
    description:
      'Windows that LAPI took, by exporter. With the default interval of 30 minutes: two an hour while something happens.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range('sum by (exporter) (increase(couic_bridge_exporter_sent_windows_total[1h]))', '{{exporter}}'),
);

export const outbox = seriesPanel(
  {
    title: 'Outbox, windows',
    description: 'Windows that wait for LAPI, by exporter. Runbook: CrowdSecQueueGrowing.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range('max by (exporter) (couic_bridge_exporter_queue_size)', '{{exporter}}'),
);

export const oldest = seriesPanel(
  {
    title: 'Age of the oldest window',
    description: 'How long the first window of the outbox has been waiting. Runbook: CrowdSecWindowStale.',
    unit: 's',
    width: 12,
    min: 0,
    atLeastTo: 7900,
    thresholds: [[7200, 'red']],
  },
  range('max by (exporter) (couic_bridge_exporter_oldest_window_age_seconds)', '{{exporter}}'),
);

export const failures = seriesPanel(
  {
    title: 'Failed attempts, each hour',
    description: 'Attempts to send a window that will be made again, by exporter and reason.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(
    'sum by (exporter, reason) (increase(couic_bridge_exporter_send_failed_windows_total[1h]))',
    '{{exporter}}: {{reason}}',
  ),
);

export const pushed = seriesPanel(
  {
    title: 'Requests taken a minute',
    description:
      'Requests with metrics that a Collector or a remote-write receiver took, by exporter. Empty when nothing is pushed.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
  },
  range(perMinute('couic_bridge_exporter_sent_requests_total', 'exporter'), '{{exporter}}'),
);

export const pushFailures = seriesPanel(
  {
    title: 'Requests failed and dropped, each hour',
    description:
      'Attempts that failed and are made again, and requests that were given up: a gap in a graph, after which the totals are right again.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(
    'sum by (exporter, reason) (increase(couic_bridge_exporter_send_failed_requests_total[1h]))',
    '{{exporter}} failed: {{reason}}',
  ),
  range(
    'sum by (exporter, reason) (increase(couic_bridge_exporter_dropped_requests_total[1h]))',
    '{{exporter}} dropped: {{reason}}',
  ),
);

export const eventsSent = seriesPanel(
  {
    title: 'Events taken and refused a minute',
    description:
      'Events that the other side took, and those that it refused for good, by exporter. Empty without a logs pipeline.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
  },
  range(perMinute('couic_bridge_events_sent_total', 'exporter'), '{{exporter}}'),
  range(perMinute('couic_bridge_events_refused_total', 'exporter, reason'), '{{exporter}} refused: {{reason}}'),
);

export const eventsWaiting = seriesPanel(
  {
    title: 'Entries of the log that wait',
    description: 'Entries of the log after the last one whose events were all sent, by exporter.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range('max by (exporter) (couic_bridge_events_queue_entries)', '{{exporter}}'),
);

export const oldestEvent = seriesPanel(
  {
    title: 'Age of the oldest event',
    description: 'How long the oldest event that is under way has been waiting. Runbook: CouicEventsStalled.',
    unit: 's',
    width: 12,
    min: 0,
    atLeastTo: 660,
    thresholds: [[600, 'red']],
  },
  range('max by (exporter) (couic_bridge_events_oldest_event_age_seconds)', '{{exporter}}'),
);

export const eventFailures = seriesPanel(
  {
    title: 'Attempts failed, events dropped, each hour',
    description:
      'Attempts that failed and are made again, and what the bounds took unsent. Runbook: CouicEventsDropped.',
    unit: 'none',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(
    'sum by (exporter, reason) (increase(couic_bridge_events_send_failed_total[1h]))',
    '{{exporter}} failed: {{reason}}',
  ),
  range('sum by (exporter) (increase(couic_bridge_events_dropped_entries_total[1h]))', '{{exporter}} entries dropped'),
  range('sum by (exporter) (increase(couic_bridge_events_dropped_total[1h]))', '{{exporter}} events dropped'),
);
