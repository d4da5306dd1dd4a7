import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import {
  eventFailures,
  eventsSent,
  eventsWaiting,
  failures,
  LOST,
  lastWindow,
  lostWindows,
  oldest,
  oldestEvent,
  outbox,
  pushed,
  pushFailures,
  waiting,
  windows,
} from './bridge-delivery.ts';
import { dashboard } from './dashboard.ts';
import { instant, range, type Step, seriesPanel, statPanel } from './panels.ts';
import { CHOSEN, quantile } from './promql.ts';

const LAG = `couic_report_lag_seconds_bucket{${CHOSEN}}`;
const REQUESTS = 'http_server_request_duration_seconds_bucket';
const QUARANTINED_REPORTS = `couic_bridge_receiver_quarantined_reports_total{${CHOSEN}}`;
/** Couic gives up after 2 s. */
const REQUEST: readonly Step[] = [
  [1, 'yellow'],
  [2, 'red'],
];

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
    .withPanel(eventsSent)
    .withPanel(eventsWaiting)
    .withPanel(oldestEvent)
    .withPanel(eventFailures)
    .withPanel(drift)
    .withPanel(overflows);
}

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

const drift = seriesPanel(
  {
    title: 'Drift',
    description:
      'Rules by which the bridge was away from Couic: found at the last comparison, or without one the difference of the numbers. From the couic_api receiver. Runbook: CouicLedgerDrift.',
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
