import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.ts';
import { instant, range, type Step, seriesPanel, statPanel } from './panels.ts';
import { CHOSEN, quantile } from './promql.ts';

const LAG = `couic_report_lag_seconds_bucket{${CHOSEN}}`;
const REQUESTS = 'http_server_request_duration_seconds_bucket';
const LAST_WINDOW = 'time() - max by (exporter) (couic_bridge_exporter_last_sent_timestamp_seconds)';
const QUARANTINED_REPORTS = `couic_bridge_receiver_quarantined_reports_total{${CHOSEN}}`;
/** Couic gives up after 2 s. */
const REQUEST: readonly Step[] = [
  [1, 'yellow'],
  [2, 'red'],
];
const WINDOW_AGE: readonly Step[] = [
  [7200, 'yellow'],
  [93_600, 'red'],
];
const LOST: readonly Step[] = [[1, 'red']];

/** Does the bridge keep up, and does CrowdSec get what it is due? */
export function bridge(): DashboardBuilder {
  return dashboard({
    uid: 'couic-bridge',
    title: 'Couic / Bridge',
    description: 'The bridge itself: what it takes in, how fast it answers, and whether CrowdSec gets its windows.',
  })
    .withPanel(lastWindow)
    .withPanel(waiting)
    .withPanel(lostWindows)
    .withPanel(lagNow)
    .withPanel(requestNow)
    .withPanel(quarantined)
    .withPanel(overflowsNow)
    .withPanel(reports)
    .withPanel(refused)
    .withPanel(lag)
    .withPanel(requests)
    .withPanel(windows)
    .withPanel(outbox)
    .withPanel(oldest)
    .withPanel(failures)
    .withPanel(pushed)
    .withPanel(pushFailures)
    .withPanel(drift)
    .withPanel(overflows);
}

const lastWindow = statPanel(
  {
    title: 'Last window in CrowdSec',
    description:
      'Time since LAPI last took a window. One a day is sent even when nothing happened. Runbook: CrowdSecWindowStale.',
    unit: 's',
    width: 5,
    thresholds: WINDOW_AGE,
  },
  instant(LAST_WINDOW, '{{exporter}}'),
);

const waiting = statPanel(
  {
    title: 'Windows waiting',
    description:
      'Windows in the outbox, for all exporters. One may be under way; more are waiting for LAPI. Runbook: CrowdSecQueueGrowing.',
    unit: 'none',
    width: 3,
    thresholds: [
      [2, 'yellow'],
      [5, 'red'],
    ],
  },
  range('sum(couic_bridge_exporter_queue_size)', 'waiting'),
);

const lostWindows = statPanel(
  {
    title: 'Windows refused or dropped',
    description:
      'In the chosen time range: windows that LAPI refused for good (kept, to be sent again by hand), and windows that the bounds of the outbox dropped. Runbooks: CrowdSecWindowQuarantined, CrowdSecWindowDropped.',
    unit: 'none',
    decimals: 0,
    width: 4,
    thresholds: LOST,
  },
  instant('sum(increase(couic_bridge_exporter_quarantined_windows_total[$__range])) or vector(0)', 'refused'),
  instant('sum(increase(couic_bridge_exporter_dropped_windows_total[$__range])) or vector(0)', 'dropped'),
);

const lagNow = statPanel(
  {
    title: 'Report lag, 95 %',
    description:
      'From the creation of a rule, by the clock of Couic, to its commit here; 95 % are faster. A steady lag of many seconds is a clock that is off, or a slow network.',
    unit: 's',
    width: 3,
    thresholds: [
      [10, 'yellow'],
      [60, 'red'],
    ],
  },
  range(quantile(0.95, LAG), 'lag'),
);

const requestNow = statPanel(
  {
    title: 'Answer time, 99 %',
    description:
      '99 % of requests to the bridge are answered within this time. Couic gives up at 2 s and sends the same again. Runbook: CouicReplayedWithoutProgress.',
    unit: 's',
    width: 3,
    thresholds: REQUEST,
  },
  range(quantile(0.99, REQUESTS), 'duration'),
);

const quarantined = statPanel(
  {
    title: 'Reports not valid',
    description:
      'Reports that were put aside in the chosen time range: they are in no total. Runbook: CouicReportsQuarantined.',
    unit: 'none',
    decimals: 0,
    width: 3,
    thresholds: LOST,
  },
  instant(`sum(increase(${QUARANTINED_REPORTS}[$__range])) or vector(0)`, 'reports'),
);

const overflowsNow = statPanel(
  {
    title: 'Beyond the caps',
    description:
      'Reports that were ever counted as _OTHER because their tag or kind came after the cap. Runbook: CouicCapOverflow.',
    unit: 'short',
    width: 3,
    thresholds: [[1, 'yellow']],
  },
  instant(`sum(couic_attribute_overflows_total{${CHOSEN}}) or vector(0)`, 'reports'),
);

const reports = seriesPanel(
  {
    title: 'Reports a second',
    description:
      'Accepted are new and in the totals. Replayed came once more and were not counted again: that is normal after an outage, and bad when nothing is accepted. Runbook: CouicReplayedWithoutProgress.',
    unit: 'cps',
    width: 12,
    min: 0,
  },
  range(`sum(rate(couic_bridge_receiver_accepted_reports_total{${CHOSEN}}[$__rate_interval]))`, 'accepted'),
  range(`sum(rate(couic_bridge_receiver_replayed_reports_total{${CHOSEN}}[$__rate_interval]))`, 'replayed'),
  range(`sum by (reason) (rate(${QUARANTINED_REPORTS}[$__rate_interval]))`, 'not valid: {{reason}}'),
);

const refused = seriesPanel(
  {
    title: 'Refused requests a second',
    description: 'By reason. What came whole before the break was counted; Couic sends the rest again.',
    unit: 'reqps',
    width: 12,
    min: 0,
  },
  range('sum by (reason) (rate(couic_bridge_receiver_refused_requests_total[$__rate_interval]))', '{{reason}}'),
);

const lag = seriesPanel(
  {
    title: 'Report lag',
    description:
      'From the creation of a rule, by the clock of Couic, to its commit here, by Couic. Estimated from buckets.',
    unit: 's',
    width: 12,
    min: 0,
  },
  range(quantile(0.95, LAG, 'couic_instance_name'), '{{couic_instance_name}}'),
);

const requests = seriesPanel(
  {
    title: 'Request duration',
    description: 'By route: median and 99th percentile. Couic gives up at 2 s. Estimated from buckets.',
    unit: 's',
    width: 12,
    min: 0,
    thresholds: [[2, 'red']],
  },
  range(quantile(0.5, REQUESTS, 'http_route'), '{{http_route}} median'),
  range(quantile(0.99, REQUESTS, 'http_route'), '{{http_route}} 99 %'),
);

const windows = seriesPanel(
  {
    title: 'Windows sent an hour',
    description:
      'Windows that LAPI took, by exporter. With the default interval of 30 minutes: two an hour while something happens.',
    unit: 'none',
    width: 12,
    min: 0,
  },
  range('sum by (exporter) (increase(couic_bridge_exporter_sent_windows_total[1h]))', '{{exporter}}'),
);

const outbox = seriesPanel(
  {
    title: 'Outbox',
    description: 'Windows that wait for LAPI, by exporter. Runbook: CrowdSecQueueGrowing.',
    unit: 'none',
    width: 12,
    min: 0,
  },
  range('max by (exporter) (couic_bridge_exporter_queue_size)', '{{exporter}}'),
);

const oldest = seriesPanel(
  {
    title: 'Age of the oldest window',
    description: 'How long the first window of the outbox has been waiting. Runbook: CrowdSecWindowStale.',
    unit: 's',
    width: 12,
    min: 0,
    thresholds: [[7200, 'red']],
  },
  range('max by (exporter) (couic_bridge_exporter_oldest_window_age_seconds)', '{{exporter}}'),
);

const failures = seriesPanel(
  {
    title: 'Failed attempts an hour',
    description: 'Attempts to send a window that will be made again, by exporter and reason.',
    unit: 'none',
    width: 12,
    min: 0,
  },
  range(
    'sum by (exporter, reason) (increase(couic_bridge_exporter_send_failed_windows_total[1h]))',
    '{{exporter}}: {{reason}}',
  ),
);

const pushed = seriesPanel(
  {
    title: 'Metrics pushed: requests a minute',
    description:
      'Requests with metrics that a Collector or a remote-write receiver took, by exporter. Empty when nothing is pushed.',
    unit: 'none',
    width: 12,
    min: 0,
  },
  range('sum by (exporter) (rate(couic_bridge_exporter_sent_requests_total[$__rate_interval])) * 60', '{{exporter}}'),
);

const pushFailures = seriesPanel(
  {
    title: 'Metrics pushed: failed and dropped an hour',
    description:
      'Attempts that failed and are made again, and requests that were given up: a gap in a graph, after which the totals are right again.',
    unit: 'none',
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

const drift = seriesPanel(
  {
    title: 'Drift',
    description:
      'Rules that had to be corrected at the last comparison with Couic. From the couic_api receiver. Runbook: CouicLedgerDrift.',
    unit: 'short',
    width: 12,
    min: 0,
  },
  range(`max by (couic_instance_name) (couic_ledger_drift{${CHOSEN}})`, '{{couic_instance_name}}'),
);

const overflows = seriesPanel(
  {
    title: 'Beyond the caps',
    description: 'Reports ever counted as _OTHER, by Couic and attribute. Runbook: CouicCapOverflow.',
    unit: 'short',
    width: 12,
    min: 0,
  },
  range(
    `max by (couic_instance_name, attribute) (couic_attribute_overflows_total{${CHOSEN}})`,
    '{{couic_instance_name}} {{attribute}}',
  ),
);
