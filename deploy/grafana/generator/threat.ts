import type { DashboardBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { dashboard } from './dashboard.ts';
import { barsPanel, colored, instant, PER_MINUTE, range, seriesPanel, statPanel, tablePanel } from './panels.ts';
import { BLOCKS, CHOSEN, gained, IGNORE_CHANGES, perMinute } from './promql.ts';

const DROP = `${CHOSEN}, couic_rule_policy="drop"`;
/** Buckets of the two address families that hold whole providers. Prometheus 3 writes le="16" as "16.0". */
const BROAD = [
  `couic_rule_prefix_length_bucket{${DROP}, network_type="ipv4", le=~"16([.]0)?"}`,
  `couic_rule_prefix_length_bucket{${DROP}, network_type="ipv6", le=~"32([.]0)?"}`,
] as const;
/** Buckets of lifetimes, as they are written in `le`: by our exporter, by a Collector, and by Prometheus 3. */
const LIFETIMES = {
  '1 min': '60([.]0)?',
  '10 min': '600([.]0)?',
  '1 h': '3600([.]0)?',
  '4 h': '14400([.]0)?',
  '1 day': '86400([.]0)?',
  '7 days': '604800([.]0)?',
  '30 days': '2592000([.]0)?|2[.]592e[+]06',
};

/** Who is blocked, why, for how long, and what is let through on purpose? */
export function threat(): DashboardBuilder {
  return dashboard({
    uid: 'couic-threat',
    title: 'Couic / Threat',
    description: 'What is blocked, by tag and kind, for how long, and what was put on the ignore list.',
  })
    .withPanel(blocks)
    .withPanel(tags)
    .withPanel(medianLifetime)
    .withPanel(ipv6Share)
    .withPanel(broadBlocks)
    .withPanel(ignoreChanges)
    .withPanel(topTagsLastHour)
    .withPanel(topTagsActive)
    .withPanel(topTagsTraffic)
    .withPanel(blocksByTag)
    .withPanel(comeAndGo)
    .withPanel(lifetimes)
    .withPanel(kinds)
    .withPanel(families)
    .withPanel(ignoreOverTime)
    .withPanel(ignoreTable);
}

const blocks = statPanel(
  {
    title: 'Blocks, in range',
    description: 'Drop rules added in the chosen time range.',
    unit: 'short',
    width: 4,
  },
  instant(`sum(${gained(BLOCKS, '$__range')})`, 'blocks'),
);

const tags = statPanel(
  {
    title: 'Tags that blocked, in range',
    description: 'Different tags of the drop rules that were added in the chosen time range.',
    unit: 'none',
    width: 4,
  },
  instant(`count(sum by (couic_rule_tag) (${gained(BLOCKS, '$__range')}) > 0)`, 'tags'),
);

const medianLifetime = statPanel(
  {
    title: 'Median lifetime, in range',
    description:
      'Half of the blocks that ended in the chosen time range had lived longer, half shorter. Estimated from buckets.',
    unit: 's',
    decimals: 1,
    width: 4,
  },
  instant(
    `histogram_quantile(0.5, sum by (le) (increase(couic_rule_lifetime_seconds_bucket{${DROP}}[$__range])))`,
    'lifetime',
  ),
);

const ipv6Share = statPanel(
  {
    title: 'IPv6 among active blocks, now',
    description: 'Share of IPv6 in the active drop rules.',
    unit: 'percentunit',
    decimals: 1,
    width: 4,
  },
  instant(`sum(couic_rule_active{${DROP}, network_type="ipv6"}) / sum(couic_rule_active{${DROP}})`, 'IPv6'),
);

const broadBlocks = statPanel(
  {
    title: 'Broad blocks, ever',
    description:
      'Added drop rules for a /16 or larger (IPv6: a /32 or larger), since this Couic is known. Each may cut off a whole provider. Runbook: CouicBroadPrefixBlocked.',
    unit: 'short',
    width: 4,
    thresholds: [[1, 'orange']],
  },
  instant(`sum(${BROAD[0]} or ${BROAD[1]})`, 'rules'),
);

const ignoreChanges = statPanel(
  {
    title: 'Ignore-list changes, in range',
    description: 'Ignore rules added or removed in the chosen time range. Runbook: CouicIgnoreListChanged.',
    unit: 'short',
    width: 4,
    thresholds: [[1, 'orange']],
  },
  instant(`sum(${gained(IGNORE_CHANGES, '$__range')})`, 'changes'),
);

const topTagsLastHour = barsPanel(
  {
    title: 'Most blocked, last hour',
    description: 'The ten tags with the most drop rules added in the last hour, whatever time range is chosen.',
    unit: 'short',
    width: 8,
  },
  instant(`topk(10, sum by (couic_rule_tag) (${gained(BLOCKS, '1h')}) > 0)`, '{{couic_rule_tag}}'),
);

const topTagsActive = barsPanel(
  {
    title: 'Most active blocks, now',
    description: 'The ten tags that hold the most drop rules now.',
    unit: 'short',
    width: 8,
  },
  instant(`topk(10, sum by (couic_rule_tag) (couic_rule_active{${DROP}}))`, '{{couic_rule_tag}}'),
);

const topTagsTraffic = barsPanel(
  {
    title: 'Most dropped packets, last hour',
    description: 'The ten tags whose rules dropped the most packets in the last hour. From the couic_api receiver.',
    unit: 'short',
    width: 8,
  },
  instant(`topk(10, sum by (couic_rule_tag) (increase(couic_rule_packets_total{${DROP}}[1h])))`, '{{couic_rule_tag}}'),
);

const blocksByTag = seriesPanel(
  {
    title: 'Blocks a minute, by tag',
    description: 'Drop rules added, for the eight tags with the most in the chosen time range.',
    unit: PER_MINUTE,
    width: 12,
    min: 0,
    draw: 'stacked',
    shadesOf: 'orange',
  },
  range(
    `${perMinute(BLOCKS, 'couic_rule_tag')} and on (couic_rule_tag) topk(8, sum by (couic_rule_tag) (increase(${BLOCKS}[$__range] @ end())))`,
    '{{couic_rule_tag}}',
  ),
);

const comeAndGo = seriesPanel(
  {
    title: 'Blocks come and go, a minute',
    description:
      'Above zero the drop rules added a minute, below zero those that left: removed on request, or because their time was over.',
    unit: PER_MINUTE,
    width: 12,
  },
  range(perMinute(BLOCKS), 'added'),
  range(`-${perMinute(`couic_reports_total{${DROP}, couic_report_action="remove"}`)}`, 'removed'),
  range(`-${perMinute(`couic_rule_expirations_total{${DROP}}`)}`, 'expired'),
)
  .overrideByName('added', colored('orange'))
  .overrideByName('removed', colored('purple'))
  .overrideByName('expired', colored('blue'));

const lifetimes = barsPanel(
  {
    title: 'How long blocks lived, in range',
    description: 'Share of the blocks that ended in the chosen time range which had lived no longer than this.',
    unit: 'percentunit',
    decimals: 0,
    width: 8,
  },
  ...Object.entries(LIFETIMES).map(([name, le]) => {
    const ended = `sum(increase(couic_rule_lifetime_seconds_count{${DROP}}[$__range]))`;
    const by = `sum(increase(couic_rule_lifetime_seconds_bucket{${DROP}, le=~"${le}"}[$__range]))`;
    return instant(`${by} / ${ended}`, `up to ${name}`);
  }),
).max(1);

const kinds = barsPanel(
  {
    title: 'Kinds of report, last hour',
    description: 'What the clients that asked for blocks gave as metadata.kind, in the last hour.',
    unit: 'short',
    width: 8,
  },
  instant(`topk(10, sum by (couic_report_kind) (${gained(BLOCKS, '1h')}) > 0)`, '{{couic_report_kind}}'),
);

const families = seriesPanel(
  {
    title: 'Active blocks, by address family',
    description: 'Drop rules that are in force, IPv4 and IPv6.',
    unit: 'short',
    decimals: 0,
    width: 8,
    min: 0,
    draw: 'stacked',
  },
  range(`sum by (network_type) (couic_rule_active{${DROP}})`, '{{network_type}}'),
)
  .overrideByName('ipv4', colored('blue'))
  .overrideByName('ipv6', colored('purple'));

const ignoreOverTime = seriesPanel(
  {
    title: 'Ignore-list changes',
    description:
      'Ignore rules added and removed in each step, exactly. Every bar should be one that somebody knows of; no metric tells who it was. Runbook: CouicIgnoreListChanged.',
    unit: 'short',
    decimals: 0,
    width: 12,
    min: 0,
    draw: 'bars',
  },
  range(`sum by (couic_report_action) (${gained(IGNORE_CHANGES, '$__interval')})`, '{{couic_report_action}}'),
)
  .overrideByName('add', colored('orange'))
  .overrideByName('remove', colored('purple'));

const ignoreTable = tablePanel(
  {
    title: 'Ignore-list changes by tag, in range',
    description:
      'Ignore rules added and removed in the chosen time range, with their tags. Which addresses they were, and who asked for them, is in no metric: "couic-otel-bridge rules --policy ignore" and the events tell the addresses, Couic its clients.',
    unit: 'short',
    width: 12,
  },
  instant(
    `sum by (couic_instance_name, couic_report_action, couic_rule_tag) (${gained(IGNORE_CHANGES, '$__range')}) > 0`,
    '',
  ),
).withTransformation({
  id: 'organize',
  options: {
    excludeByName: { Time: true },
    renameByName: {
      couic_instance_name: 'Couic',
      couic_report_action: 'Action',
      couic_rule_tag: 'Tag',
      Value: 'Rules',
      'Value #A': 'Rules',
    },
  },
});
