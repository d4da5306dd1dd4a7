import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import { ATTR } from '../telemetry/names.ts';

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

/** Durable totals, given by the ledger's MetricProducer. */
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

/** What the ledger counts beside them, since the process started. */
export const INTAKE_METRICS = {
  quarantinedReports: {
    name: 'couic.bridge.receiver.quarantined_reports',
    kind: 'counter',
    unit: '{report}',
    description: 'Reports that were not valid, by reason; the rest of their body was accepted.',
    attributes: [ATTR.instance, ATTR.reason],
  },
} as const satisfies Record<string, MetricDefinition>;
