import { TableSortByFieldStateBuilder } from '@grafana/grafana-foundation-sdk/common';
import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.ts';
import { instant, looks, PER_MINUTE, range, type Step, seriesPanel, statPanel, steps, tablePanel } from './panels.ts';
import { BLOCKS, CHOSEN, CONFIGURED, gained, MAP_USE, perMinute, SILENCE } from './promql.ts';

const HOUR = 3600;
const DROPPED_PACKETS = `couic_network_packets_total{${CHOSEN}, couic_xdp_action="XDP_DROP"}`;
const DROPPED_BYTES = `couic_network_io_bytes_total{${CHOSEN}, couic_xdp_action="XDP_DROP"}`;
const ACTIVE_BLOCKS = `couic_rule_active{${CHOSEN}, couic_rule_policy="drop"}`;
const UP = `max by (couic_instance_name) (couic_up{${CHOSEN}})`;
const FULL: readonly Step[] = [
  [0.6, 'yellow'],
  [0.8, 'red'],
];
const BAD_IF_ANY = looks({ thresholds: steps([[1, 'red']]).build() });

/** Is every Couic there, is one running full, and what does each hold off? */
export function fleet(): DashboardBuilder {
  return dashboard({
    uid: 'couic-fleet',
    title: 'Couic / Fleet',
    description: 'Every Couic: whether it reports, what it holds, what it drops.',
  })
    .withPanel(reporting)
    .withPanel(apis)
    .withPanel(activeBlocks)
    .withPanel(fullest)
    .withPanel(blocksLastHour)
    .withPanel(droppedTraffic)
    .withPanel(couics)
    .withPanel(blocksByCouic)
    .withPanel(activeByCouic)
    .withPanel(silence)
    .withPanel(mapUse)
    .withPanel(droppedPackets)
    .withPanel(droppedBits);
}

const reporting = statPanel(
  {
    title: 'Couics, last hour',
    description:
      'Couics whose newest report is less than an hour old, and those that have been silent for longer or never reported. Runbooks: CouicNoReports, CouicNeverReported.',
    unit: 'none',
    decimals: 0,
    width: 5,
  },
  instant(`count(${SILENCE} < ${HOUR}) or vector(0)`, 'reporting'),
  instant(`count(${CONFIGURED} unless on (couic_instance_name) (${SILENCE} < ${HOUR})) or vector(0)`, 'silent'),
).overrideByName('silent', BAD_IF_ANY);

const apis = statPanel(
  {
    title: 'APIs, now',
    description:
      'Couics whose API answered the couic_api receiver at its last try, and those whose did not. Without that receiver both are 0. Runbook: CouicApiDown.',
    unit: 'none',
    decimals: 0,
    width: 4,
  },
  instant(`count(${UP} == 1) or vector(0)`, 'up'),
  instant(`count(${UP} == 0) or vector(0)`, 'down'),
).overrideByName('down', BAD_IF_ANY);

const activeBlocks = statPanel(
  {
    title: 'Active blocks, now',
    description:
      'Drop rules that were reported and not since removed or expired; with the couic_api receiver, those that Couic holds.',
    unit: 'short',
    width: 4,
  },
  instant(`sum(${ACTIVE_BLOCKS})`, 'blocks'),
);

const fullest = statPanel(
  {
    title: 'Fullest rule map, now',
    description:
      'The largest used share of any rule map of any Couic. A full one refuses further rules. Runbook: CouicNearRuleLimit.',
    unit: 'percentunit',
    decimals: 1,
    width: 4,
    thresholds: FULL,
  },
  instant(`max(${MAP_USE})`, 'used'),
);

const blocksLastHour = statPanel(
  {
    title: 'Blocks, last hour',
    description: 'Drop rules added in the last hour, by all chosen Couics. Runbook: CouicBlockSurge.',
    unit: 'short',
    width: 3,
  },
  instant(`sum(${gained(BLOCKS, '1h')})`, 'blocks'),
);

const droppedTraffic = statPanel(
  {
    title: 'Dropped traffic, now',
    description: 'Bits a second that XDP drops, over all chosen Couics. From the couic_api receiver.',
    unit: 'bps',
    width: 4,
  },
  instant(`sum(rate(${DROPPED_BYTES}[$__rate_interval])) * 8`, 'dropped'),
);

const couics = tablePanel(
  {
    title: 'Couics',
    description:
      'One row for each Couic, also one that never reported. API, dropped packets, drift and the blocks that Couic itself counts come from the couic_api receiver; reports count since the bridge started. Runbooks: CouicNoReports, CouicNeverReported.',
    unit: 'short',
    width: 24,
    height: 6,
  },
  instant(SILENCE, ''),
  instant(UP, ''),
  instant(`sum by (couic_instance_name) (${ACTIVE_BLOCKS})`, ''),
  instant(`sum by (couic_instance_name) (couic_rule_active{${CHOSEN}, couic_rule_policy="ignore"})`, ''),
  instant(`max by (couic_instance_name) (${MAP_USE})`, ''),
  instant(`sum by (couic_instance_name) (${gained(BLOCKS, '1h')})`, ''),
  instant(`sum by (couic_instance_name) (rate(${DROPPED_PACKETS}[$__rate_interval]))`, ''),
  instant(`max by (couic_instance_name) (couic_ledger_drift{${CHOSEN}})`, ''),
  instant(CONFIGURED, ''),
  instant(`max by (couic_instance_name) (couic_rule_held{couic_rule_policy="drop", ${CHOSEN}})`, ''),
)
  .withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      renameByName: {
        couic_instance_name: 'Couic',
        'Value #A': 'Last report',
        'Value #B': 'API',
        'Value #C': 'Active blocks',
        'Value #D': 'Ignore rules',
        'Value #E': 'Fullest map',
        'Value #F': 'Blocks, last hour',
        'Value #G': 'Dropped packets',
        'Value #H': 'Drift',
        'Value #I': 'Reports since start',
        'Value #J': 'Blocks at Couic',
      },
    },
  })
  .overrideByName(
    'Last report',
    looks({
      unit: 's',
      'custom.cellOptions': { type: 'color-text' },
      thresholds: steps([
        [900, 'yellow'],
        [HOUR, 'red'],
      ]).build(),
    }),
  )
  .overrideByName(
    'API',
    looks({
      'custom.cellOptions': { type: 'color-text' },
      mappings: [{ type: 'value', options: { 0: { text: 'down', color: 'red' }, 1: { text: 'up', color: 'green' } } }],
    }),
  )
  .overrideByName(
    'Fullest map',
    looks({
      unit: 'percentunit',
      decimals: 1,
      'custom.cellOptions': { type: 'color-text' },
      thresholds: steps(FULL).build(),
    }),
  )
  .overrideByName('Dropped packets', looks({ unit: 'pps' }))
  .sortBy([new TableSortByFieldStateBuilder().displayName('Last report').desc(true)]);

const blocksByCouic = seriesPanel(
  {
    title: 'Blocks a minute',
    description: 'Drop rules added, by Couic. Runbook: CouicBlockSurge.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
  },
  range(perMinute(BLOCKS, 'couic_instance_name'), '{{couic_instance_name}}'),
);

const activeByCouic = seriesPanel(
  {
    title: 'Active blocks',
    description:
      'Drop rules that were reported and not since removed or expired, by Couic; with the couic_api receiver, those that Couic holds.',
    unit: 'short',
    decimals: 0,
    width: 12,
    min: 0,
  },
  range(`sum by (couic_instance_name) (${ACTIVE_BLOCKS})`, '{{couic_instance_name}}'),
);

const silence = seriesPanel(
  {
    title: 'Time since the last report',
    description:
      'A saw with small teeth is a busy Couic; a ramp is one that went silent, or one to which nothing happens. Runbook: CouicNoReports.',
    unit: 's',
    width: 12,
    min: 0,
    atLeastTo: HOUR * 1.1,
    thresholds: [[HOUR, 'red']],
  },
  range(SILENCE, '{{couic_instance_name}}'),
);

const mapUse = seriesPanel(
  {
    title: 'Share of the rule limit, fullest map',
    description:
      'How full the fullest rule map of each Couic is: it has one for each policy and address family, and "couic-otel-bridge limits" shows them all. At the upper line Couic refuses further rules, at the lower one an alert fires. Runbook: CouicNearRuleLimit.',
    unit: 'percentunit',
    width: 12,
    min: 0,
    atLeastTo: 1,
    thresholds: [
      [0.8, 'orange'],
      [1, 'red'],
    ],
  },
  range(`max by (couic_instance_name) (${MAP_USE})`, '{{couic_instance_name}}'),
);

const droppedPackets = seriesPanel(
  {
    title: 'Dropped packets',
    description: 'Packets a second that XDP dropped, by Couic. From the couic_api receiver.',
    unit: 'pps',
    width: 12,
    min: 0,
  },
  range(`sum by (couic_instance_name) (rate(${DROPPED_PACKETS}[$__rate_interval]))`, '{{couic_instance_name}}'),
);

const droppedBits = seriesPanel(
  {
    title: 'Dropped traffic',
    description: 'Bits a second that XDP dropped, by Couic. From the couic_api receiver.',
    unit: 'bps',
    width: 12,
    min: 0,
  },
  range(`sum by (couic_instance_name) (rate(${DROPPED_BYTES}[$__rate_interval])) * 8`, '{{couic_instance_name}}'),
);
