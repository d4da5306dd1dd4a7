/**
 * Every metric the bridge gives, with its attributes: the one place for names, kinds, units and buckets.
 * docs/metrics.md is checked against this file. Prometheus names are derived (the Collector's rules), never written here.
 */

export type MetricKind = 'counter' | 'updowncounter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly name: string;
  readonly kind: MetricKind;
  /** UCUM. Counts are annotated (`{report}`), since a plain `1` becomes `_ratio` in Prometheus. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
  /** Upper bounds of a histogram's buckets, in its unit. */
  readonly boundaries?: readonly number[];
}

export const ATTR = {
  instance: 'couic.instance.name',
  action: 'couic.report.action',
  kind: 'couic.report.kind',
  policy: 'couic.rule.policy',
  tag: 'couic.rule.tag',
  networkType: 'network.type',
  xdpAction: 'couic.xdp.action',
  reason: 'reason',
  exporter: 'exporter',
  attribute: 'attribute',
  httpRoute: 'http.route',
  httpMethod: 'http.request.method',
  httpStatus: 'http.response.status_code',
} as const;

/** Tag of a rule without one; Couic reserves the word. */
export const UNTAGGED = 'untagged';
/** Value that stands for all values beyond an attribute's cap. */
export const OTHER = '_OTHER';
/** Tag of what forgotten tags and kinds had counted, with a number that grows; no tag of Couic has a colon. */
export const FORGOTTEN = '_FORGOTTEN:';
/** `couic.report.kind` of a report without metadata. */
export const NO_KIND = 'none';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Metrics of the ledger: durable totals, given by its MetricProducer. */
export const LEDGER_METRICS = {
  reports: {
    name: 'couic.reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports received from Couic, each counted exactly once.',
    attributes: [ATTR.instance, ATTR.action, ATTR.kind, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  ruleActive: {
    name: 'couic.rule.active',
    kind: 'updowncounter',
    unit: '{rule}',
    description: 'Rules reported and not since removed or expired; with the couic_api receiver, the rules Couic holds.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  ruleHeld: {
    name: 'couic.rule.held',
    kind: 'gauge',
    unit: '{rule}',
    description: 'Rules that Couic holds, by its own count at the last collection. From the couic_api receiver.',
    attributes: [ATTR.instance, ATTR.policy],
  },
  ruleLimit: {
    name: 'couic.rule.limit',
    kind: 'gauge',
    unit: '{rule}',
    description: 'Rules that fit into the map of Couic for this policy and address family.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
  },
  ruleOverflows: {
    name: 'couic.rule.overflows',
    kind: 'counter',
    unit: '{rule}',
    description: 'Added rules that are not held, since the instance holds as many as the map of Couic has room for.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
  },
  ruleExpirations: {
    name: 'couic.rule.expirations',
    kind: 'counter',
    unit: '{rule}',
    description: 'Rules that left because their time was over.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  ruleLifetime: {
    name: 'couic.rule.lifetime',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the creation of a rule to its removal or expiry.',
    attributes: [ATTR.instance, ATTR.policy],
    boundaries: [MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY, 30 * DAY],
  },
  rulePrefixLength: {
    name: 'couic.rule.prefix_length',
    kind: 'histogram',
    unit: '{bit}',
    description: 'Prefix length of each added rule: the shorter, the more addresses one rule holds.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
    boundaries: [8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96, 128],
  },
  reportLag: {
    name: 'couic.report.lag',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the creation of an added rule, by the clock of Couic, to its commit here.',
    attributes: [ATTR.instance],
    boundaries: [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600],
  },
  lastReportTimestamp: {
    name: 'couic.instance.last_report_timestamp',
    kind: 'gauge',
    unit: 's',
    description: 'Unix time at which the newest report of this Couic was committed.',
    attributes: [ATTR.instance],
  },
  attributeOverflows: {
    name: 'couic.attribute.overflows',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports whose tag, kind or series came after the cap of their instance and was counted as _OTHER.',
    attributes: [ATTR.instance, ATTR.attribute],
  },
  networkPackets: {
    name: 'couic.network.packets',
    kind: 'counter',
    unit: '{packet}',
    description: 'Packets that Couic saw, by what XDP did with them. From the couic_api receiver.',
    attributes: [ATTR.instance, ATTR.xdpAction],
  },
  networkIo: {
    name: 'couic.network.io',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes that Couic saw, by what XDP did with them. From the couic_api receiver.',
    attributes: [ATTR.instance, ATTR.xdpAction],
  },
  rulePackets: {
    name: 'couic.rule.packets',
    kind: 'counter',
    unit: '{packet}',
    description: 'Packets that matched a rule, by its tag. From the couic_api receiver.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag],
  },
  ruleIo: {
    name: 'couic.rule.io',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes that matched a rule, by its tag. From the couic_api receiver.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag],
  },
  up: {
    name: 'couic.up',
    kind: 'gauge',
    unit: '{instance}',
    description: 'Whether the API of Couic answered at the last collection: 1 or 0. From the couic_api receiver.',
    attributes: [ATTR.instance],
  },
  ledgerDrift: {
    name: 'couic.ledger.drift',
    kind: 'gauge',
    unit: '{rule}',
    description:
      'Rules by which the ledger was away from Couic at the last comparison of rules; without one, by which their numbers differ. From the couic_api receiver.',
    attributes: [ATTR.instance],
  },
  ledgerComparedTimestamp: {
    name: 'couic.ledger.last_comparison_timestamp',
    kind: 'gauge',
    unit: 's',
    description:
      'Unix time at which rules were last compared with those that Couic lists. From the couic_api receiver.',
    attributes: [ATTR.instance],
  },
} as const satisfies Record<string, MetricDefinition>;

/** The bridge's own telemetry: ordinary instruments of @opentelemetry/api, counted since the process started. */
export const BRIDGE_METRICS = {
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
    attributes: [ATTR.instance],
  },
  quarantinedReports: {
    name: 'couic.bridge.receiver.quarantined_reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports that were not valid, by reason; the rest of their body was accepted.',
    attributes: [ATTR.instance, ATTR.reason],
  },
  refusedRequests: {
    name: 'couic.bridge.receiver.refused_requests',
    kind: 'counter',
    unit: '{request}',
    description: 'Requests that were refused, by reason; nothing of them was lost that came whole before the break.',
    attributes: [ATTR.instance, ATTR.reason],
  },
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
  sentEvents: {
    name: 'couic.bridge.events.sent',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that the other side took.',
    attributes: [ATTR.exporter],
  },
  knownEvents: {
    name: 'couic.bridge.events.known',
    kind: 'counter',
    unit: '{event}',
    description: 'Events among those sent that Elasticsearch or OpenSearch had already, under the same id.',
    attributes: [ATTR.exporter],
  },
  refusedEvents: {
    name: 'couic.bridge.events.refused',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that the other side refused for good, by reason; `events refused` shows the newest.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  droppedEvents: {
    name: 'couic.bridge.events.dropped',
    kind: 'counter',
    unit: '{event}',
    description: 'Events that were given up after `retry_on_failure.max_elapsed_time`.',
    attributes: [ATTR.exporter],
  },
  droppedEventEntries: {
    name: 'couic.bridge.events.dropped_entries',
    kind: 'counter',
    unit: '{entry}',
    description: 'Entries of the log that the bounds of `queue` took before their events were sent.',
    attributes: [ATTR.exporter],
  },
  sendFailedEvents: {
    name: 'couic.bridge.events.send_failed',
    kind: 'counter',
    unit: '{attempt}',
    description: 'Attempts to send events that failed and will be made again, by reason.',
    attributes: [ATTR.exporter, ATTR.reason],
  },
  eventQueueEntries: {
    name: 'couic.bridge.events.queue_entries',
    kind: 'gauge',
    unit: '{entry}',
    description: 'Entries of the log after the last one whose events were all sent.',
    attributes: [ATTR.exporter],
  },
  oldestEventAge: {
    name: 'couic.bridge.events.oldest_event_age',
    kind: 'gauge',
    unit: 's',
    description: 'Age of the oldest event that is being sent; 0 when none waits.',
    attributes: [ATTR.exporter],
  },
  requestDuration: {
    name: 'http.server.request.duration',
    kind: 'histogram',
    unit: 's',
    description: 'Duration of requests to the bridge. Couic gives up at 2 s.',
    attributes: [ATTR.httpRoute, ATTR.httpMethod, ATTR.httpStatus],
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10],
  },
} as const satisfies Record<string, MetricDefinition>;
