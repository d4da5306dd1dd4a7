import { type DashboardBuilder, RowBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
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
import { colored, instant, PER_MINUTE, range, type Step, seriesPanel, statPanel } from './panels.ts';
import { CHOSEN, perMinute, quantile } from './promql.ts';

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
    .withRow(new RowBuilder('Reports from Couic'))
    .withPanel(reports)
    .withPanel(refused)
    .withPanel(lag)
    .withPanel(requests)
    .withRow(new RowBuilder('Windows for CrowdSec'))
    .withPanel(windows)
    .withPanel(outbox)
    .withPanel(oldest)
    .withPanel(failures)
    .withRow(new RowBuilder('Metrics that are pushed'))
    .withPanel(pushed)
    .withPanel(pushFailures)
    .withRow(new RowBuilder('Events: their queues'))
    .withPanel(eventsSent)
    .withPanel(eventsWaiting)
    .withPanel(oldestEvent)
    .withPanel(eventFailures)
    .withRow(new RowBuilder('Rules and bounds'))
    .withPanel(drift)
    .withPanel(overflows);
}

const lagNow = statPanel(
  {
    title: 'Report lag 95 %, now',
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
    title: 'Answer time 99 %, now',
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
    title: 'Not valid, in range',
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
    title: 'Beyond the caps, ever',
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
    title: 'Reports a minute',
    description:
      'Accepted are new and in the totals. Replayed came once more and were not counted again: that is normal after an outage, and bad when nothing is accepted. Runbook: CouicReplayedWithoutProgress.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
  },
  range(perMinute(`couic_bridge_receiver_accepted_reports_total{${CHOSEN}}`), 'accepted'),
  range(perMinute(`couic_bridge_receiver_replayed_reports_total{${CHOSEN}}`), 'replayed'),
  range(perMinute(QUARANTINED_REPORTS, 'reason'), 'not valid: {{reason}}'),
)
  .overrideByName('accepted', colored('blue'))
  .overrideByName('replayed', colored('yellow'))
  .overrideByRegexp('/^not valid/', colored('red'));

const refused = seriesPanel(
  {
    title: 'Refused requests a minute',
    description: 'By reason. What came whole before the break was counted; Couic sends the rest again.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
  },
  range(perMinute('couic_bridge_receiver_refused_requests_total', 'reason'), '{{reason}}'),
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
    atLeastTo: 2,
    thresholds: [[2, 'red']],
  },
  range(quantile(0.5, REQUESTS, 'http_route'), '{{http_route}} median'),
  range(quantile(0.99, REQUESTS, 'http_route'), '{{http_route}} 99 %'),
);

const drift = seriesPanel(
  {
    title: 'Drift, rules',
    description:
      'Rules by which the bridge was away from Couic: found at the last comparison, or without one the difference of the numbers. From the couic_api receiver. Runbook: CouicLedgerDrift.',
    unit: 'short',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(`max by (couic_instance_name) (couic_ledger_drift{${CHOSEN}})`, '{{couic_instance_name}}'),
);

const overflows = seriesPanel(
  {
    title: 'Beyond the caps, by Couic',
    description: 'Reports ever counted as _OTHER, by Couic and attribute. Runbook: CouicCapOverflow.',
    unit: 'short',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(
    `max by (couic_instance_name, attribute) (couic_attribute_overflows_total{${CHOSEN}})`,
    '{{couic_instance_name}} {{attribute}}',
  ),
);
