import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { ATTR } from '../telemetry/names.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Of reports: durable totals, as all of the ledger. */
export const REPORT_METRICS = {
  reports: {
    name: 'couic.reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports received from Couic, each counted exactly once.',
    details:
      'What was retried, killed or full in between changes nothing. The main number: `sum by (couic_rule_tag) (rate(couic_reports_total{couic_report_action="add", couic_rule_policy="drop"}[$__rate_interval]))` is what is being blocked, by reason. A report is a rule that was added or removed: it is neither a packet nor an attack.',
    attributes: [ATTR.instance, ATTR.action, ATTR.kind, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  reportLag: {
    name: 'couic.report.lag',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the creation of an added rule, by the clock of Couic, to its commit here.',
    details:
      'Couic gathers reports and retries with growing pauses, so some seconds are ordinary; minutes mean that it could not deliver. Two clocks are in it: if they differ by more than the lag, so does this.',
    attributes: [ATTR.instance],
    boundaries: [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600],
  },
  lastReportTimestamp: {
    name: 'couic.instance.last_report_timestamp',
    kind: 'gauge',
    unit: 's',
    description: 'Unix time at which the newest report of this Couic was committed.',
    details:
      "`time() - couic_instance_last_report_timestamp_seconds` grows while a Couic is silent, which a quiet network explains as well as a broken webhook: compare with what is usual for it. Kept over restarts. When the bridge's clock turns out to have been ahead, it becomes the time at which that was seen, and is never left in the future.",
    attributes: [ATTR.instance],
  },
  attributeOverflows: {
    name: 'couic.attribute.overflows',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports whose tag, kind or series came after the cap of their instance and was counted as _OTHER.',
    details:
      'More than 0 means that the tags, the kinds or (`attribute="series"`) their combinations are too many to tell apart: from some point on, new ones are lumped together. A kind of more than 64 bytes is one of them as well. Nothing is lost from the sums.',
    attributes: [ATTR.instance, ATTR.attribute],
  },
} as const satisfies Record<string, MetricDefinition>;

/** Of rules, as reports tell of them. */
export const RULE_METRICS = {
  ruleActive: {
    name: 'couic.rule.active',
    kind: 'updowncounter',
    unit: '{rule}',
    description: 'Rules reported and not since removed or expired; with the couic_api receiver, the rules Couic holds.',
    details:
      'Expiry needs no report: a rule leaves when its time is over. A rule can hold many addresses: see `couic.rule.prefix_length`.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  rulePrefixLength: {
    name: 'couic.rule.prefix_length',
    kind: 'histogram',
    unit: '{bit}',
    description: 'Prefix length of each added rule: the shorter, the more addresses one rule holds.',
    details:
      'An IPv4 rule in the bucket `8` holds 16 million addresses or more. Compare within one `network_type` only.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
    boundaries: [8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96, 128],
  },
  ruleLimit: {
    name: 'couic.rule.limit',
    kind: 'gauge',
    unit: '{rule}',
    description: 'Rules that fit into the map of Couic for this policy and address family.',
    details:
      '`sum without (couic_rule_tag) (couic_rule_active) / couic_rule_limit` is how full it is. A full map takes no new rule.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
  },
  ruleOverflows: {
    name: 'couic.rule.overflows',
    kind: 'counter',
    unit: '{rule}',
    description: 'Added rules that are not held, since the instance holds as many as the map of Couic has room for.',
    details:
      'An add beyond `couic.rule.limit` means that the ledger holds rules which Couic has no more, those from before a restart for example: the receiver `couic_api` sets that right. The report counts in `couic.reports` like any other; the rule is not in `couic.rule.active` and does not expire.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.networkType],
  },
  ruleExpirations: {
    name: 'couic.rule.expirations',
    kind: 'counter',
    unit: '{rule}',
    description: 'Rules that left because their time was over.',
    details: 'Those that a `remove` report took are not among them.',
    attributes: [ATTR.instance, ATTR.policy, ATTR.tag, ATTR.networkType],
  },
  ruleLifetime: {
    name: 'couic.rule.lifetime',
    kind: 'histogram',
    unit: 's',
    description: 'Time from the creation of a rule to its removal or expiry.',
    details: 'Counted when it leaves. (The buckets are 1 m, 10 m, 1 h, 4 h, 1 d, 7 d, 30 d.)',
    attributes: [ATTR.instance, ATTR.policy],
    boundaries: [MINUTE, 10 * MINUTE, HOUR, 4 * HOUR, DAY, 7 * DAY, 30 * DAY],
  },
} as const satisfies Record<string, MetricDefinition>;

/** What the receiver couic_api brings: reports say nothing of it. */
export const API_METRICS = {
  networkPackets: {
    name: 'couic.network.packets',
    kind: 'counter',
    unit: '{packet}',
    description: 'Packets that Couic saw, by what XDP did with them. From the couic_api receiver.',
    details: 'A restart of Couic does not set this back.',
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
    details: 'The attack behind the block.',
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
    details: 'Traffic stands still while it is 0; reports come regardless.',
    attributes: [ATTR.instance],
  },
  ruleHeld: {
    name: 'couic.rule.held',
    kind: 'gauge',
    unit: '{rule}',
    description: 'Rules that Couic holds, by its own count at the last collection. From the couic_api receiver.',
    details:
      'The true number, whatever brought them. It needs a token of group `monitoring` alone. Beside it, `couic.rule.active` knows tags and address families. Not there while the API does not answer.',
    attributes: [ATTR.instance, ATTR.policy],
  },
  ledgerDrift: {
    name: 'couic.ledger.drift',
    kind: 'gauge',
    unit: '{rule}',
    description:
      'Rules by which the ledger was away from Couic at the last comparison of rules; without one, by which their numbers differ. From the couic_api receiver.',
    details:
      'With `reconcile`, most of what a comparison finds is corrected; what a list does not tell of clearly stays and shows here each time. Without it, or while comparisons fail, it is the difference between the numbers of rules that Couic counts and that the ledger holds. A few after a restart of Couic are ordinary; a steady number means that reports are lost before they reach the bridge, or that peers and set files bring rules.',
    attributes: [ATTR.instance],
  },
  ledgerComparedTimestamp: {
    name: 'couic.ledger.last_comparison_timestamp',
    kind: 'gauge',
    unit: 's',
    description:
      'Unix time at which rules were last compared with those that Couic lists. From the couic_api receiver.',
    details: 'Kept over restarts. Not there without `reconcile`.',
    attributes: [ATTR.instance],
  },
} as const satisfies Record<string, MetricDefinition>;

/** All that the ledger's MetricProducer gives. */
export const LEDGER_METRICS = { ...REPORT_METRICS, ...RULE_METRICS, ...API_METRICS };

/** What the ledger counts beside them, since the process started. */
export const INTAKE_METRICS = {
  quarantinedReports: {
    name: 'couic.bridge.receiver.quarantined_reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports that were not valid, by reason; the rest of their body was accepted.',
    details: 'The newest are kept with their text for a person to look at.',
    attributes: [ATTR.instance, ATTR.reason],
  },
} as const satisfies Record<string, MetricDefinition>;
