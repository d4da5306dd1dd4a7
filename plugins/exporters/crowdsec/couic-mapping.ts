import type { Attributes } from '@opentelemetry/api';
import { LEDGER_METRICS } from '../../../src/ledger/metrics.ts';
import { ATTR, FORGOTTEN, UNTAGGED } from '../../../src/telemetry/names.ts';
import type { Contribution, Mapping } from './mapping.ts';
import { COUIC, type Origin, type OriginRule, Origins } from './origins.ts';
import type { SourcePoint } from './points.ts';

interface CouicMappingOptions {
  readonly items: readonly ItemGroup[];
  /** Unit of reports. A rule change is neither a request nor a packet, which the Console takes for attacks. */
  readonly unit: string;
  readonly origins: readonly OriginRule[];
}

type PointMapping = (point: SourcePoint, origins: Origins) => readonly Contribution[];
type ItemMapping = (unit: string) => PointMapping;

/** What Couic's metrics count as in CrowdSec's words; the only place that knows both. */
export function couicMapping({ items, unit, origins }: CouicMappingOptions): Mapping {
  const known = new Origins(origins);
  const chosen = items.flatMap((group) => Object.entries<ItemMapping>(ITEMS[group]));
  const byMetric = new Map(chosen.map(([metric, map]) => [metric, map(unit)]));
  return (point) => byMetric.get(point.metric)?.(point, known);
}

/** What forgotten tags had counted was told before they were forgotten. */
export function isHistory(attributes: Attributes): boolean {
  const tag = attributes[ATTR.tag];
  return typeof tag === 'string' && tag.startsWith(FORGOTTEN);
}

/** Every report is processed; an added drop rule is dropped besides. The rest CrowdSec calls a bypass: processed alone. */
const reports =
  (unit: string): PointMapping =>
  ({ attributes }, origins) => {
    const processed = { name: 'processed', unit };
    const drops = attributes[ATTR.action] === 'add' && attributes[ATTR.policy] === 'drop';
    return drops ? [dropped(unit, origins.ofTag(tagOf(attributes[ATTR.tag]))), processed] : [processed];
  };

/** Ignore rules decide nothing. */
const activeDecisions: PointMapping = ({ attributes }, origins) => {
  if (attributes[ATTR.policy] !== 'drop') return [];
  const { origin } = origins.ofTag(tagOf(attributes[ATTR.tag]));
  return [
    { name: 'active_decisions', unit: 'ip', labels: { origin, ip_type: String(attributes[ATTR.networkType] ?? '') } },
  ];
};

/** All that Couic saw, and what it dropped under `couic`, from which `taggedTraffic` takes what tags account for. */
const allTraffic =
  (unit: string): PointMapping =>
  ({ attributes }, origins) => {
    const processed = { name: 'processed', unit };
    return attributes[ATTR.xdpAction] === 'XDP_DROP' ? [processed, dropped(unit, origins.named(COUIC))] : [processed];
  };

const taggedTraffic =
  (unit: string): PointMapping =>
  ({ attributes, value }, origins) =>
    attributes[ATTR.policy] === 'drop'
      ? [
          dropped(unit, origins.ofTag(tagOf(attributes[ATTR.tag]))),
          { ...dropped(unit, origins.named(COUIC)), value: -value },
        ]
      : [];

/** What windows say: rule changes, packets and bytes of Couic's own counters, drop rules in force. Each by the metrics that tell it. */
const ITEMS = {
  reports: { [LEDGER_METRICS.reports.name]: reports },
  traffic: {
    [LEDGER_METRICS.networkPackets.name]: () => allTraffic('packet'),
    [LEDGER_METRICS.networkIo.name]: () => allTraffic('byte'),
    [LEDGER_METRICS.rulePackets.name]: () => taggedTraffic('packet'),
    [LEDGER_METRICS.ruleIo.name]: () => taggedTraffic('byte'),
  },
  active_decisions: { [LEDGER_METRICS.ruleActive.name]: () => activeDecisions },
} satisfies Record<string, Readonly<Record<string, ItemMapping>>>;

type ItemGroup = keyof typeof ITEMS;
export const ITEM_GROUPS = Object.keys(ITEMS) as ItemGroup[];

/** Counters that the mapping knows: others of the process need no baseline. */
export const COUIC_METRICS: ReadonlySet<string> = new Set(
  Object.values(ITEMS).flatMap((metrics) => Object.keys(metrics)),
);

/** Told since the first version: every store that counted for a Couic has where they stood. */
const FIRST: ReadonlySet<string> = new Set(
  (['reports', 'networkPackets', 'networkIo', 'rulePackets', 'ruleIo', 'ruleActive'] as const).map(
    (metric) => LEDGER_METRICS[metric].name,
  ),
);

/**
 * What was added to them since. On a store of before, each has to begin where its totals stand, or the first window would tell all
 * that it ever counted: so each is a source of its own.
 */
export function laterMetrics(): readonly string[] {
  return [...COUIC_METRICS].filter((metric) => !FIRST.has(metric));
}

function dropped(unit: string, { origin, remediation }: Origin): Contribution {
  return { name: 'dropped', unit, labels: { origin, remediation } };
}

function tagOf(value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : UNTAGGED;
}
