import { RULES_COMPONENT } from '../../../src/service/admin/rules.ts';
import { type InstanceSummary, SUMMARY_OPERATION, type Summary } from '../../../src/service/admin/summary.ts';
import type { BridgeView, ShownComponent } from '../../../src/service/bridge-view.ts';
import type { NextStep } from '../../../src/service/component-status.ts';
import type { Health } from '../../../src/telemetry/health.ts';
import type { Activity, InstanceActivity } from './activity.ts';

/** `waiting`: nothing is wrong, and nothing has come. */
export type State = 'works' | 'waiting' | 'attention';

export interface ShownCouic {
  readonly name: string;
  readonly state: State;
  /** Why, in a few words. */
  readonly reason: string;
  /** Undefined before its first report, unless its API was asked. */
  readonly summary: InstanceSummary | undefined;
  readonly activity: InstanceActivity;
}

export interface TagCount {
  readonly tag: string | null;
  readonly count: number;
}

/** All that the page shows to everybody. */
export interface Overview {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly state: State;
  /** What is wrong, a line each; empty when nothing is. */
  readonly problems: readonly string[];
  readonly couics: readonly ShownCouic[];
  /** Minutes of which the curves are. */
  readonly minutes: number;
  /** Tags with the most drop rules in force, over all Couics. */
  readonly tagsNow: readonly TagCount[];
  /** Tags that were added most in those minutes. */
  readonly tagsLately: readonly TagCount[];
  readonly exporters: readonly ShownComponent[];
  readonly steps: readonly NextStep[];
  /** Those with panels of their own. */
  readonly withPanels: readonly ShownComponent[];
}

interface OverviewContext {
  readonly bridge: BridgeView;
  readonly activity: Activity;
  readonly health: Health;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

const MOST_TAGS = 8;

/** Looks around: from memory, so it costs what it shows. */
export async function takeOverview({ bridge, activity, health, now }: OverviewContext): Promise<Overview> {
  const summary = (await bridge.call(RULES_COMPONENT, SUMMARY_OPERATION, null)) as Summary;
  const components = bridge.components();
  const couics = couicsOf(components, summary, activity);
  const exporters = components.filter(({ kind, status }) => kind === 'exporter' && status !== undefined);
  const problems = [
    ...health.reasons.map(({ source, reason }) => `Reports are not accepted: ${reason} (${source}).`),
    ...couics.filter(({ state }) => state === 'attention').map(({ name, reason }) => `Couic ${name}: ${reason}.`),
    ...components.flatMap(({ id, status }) => (status?.trouble ? [`${id}: ${status.trouble}`] : [])),
  ];
  const waits = couics.length === 0 || couics.every(({ state }) => state === 'waiting');
  return {
    now,
    state: problems.length > 0 ? 'attention' : waits ? 'waiting' : 'works',
    problems,
    couics,
    minutes: activity.counted,
    tagsNow: top(summary.flatMap(({ tags }) => tags.map(({ tag, rules }) => ({ tag, count: rules })))),
    tagsLately: top(couics.flatMap((each) => each.activity.tags.map(({ tag, added }) => ({ tag, count: added })))),
    exporters,
    steps: components.flatMap(({ status }) => status?.steps ?? []),
    withPanels: components.filter(({ status }) => status?.panels?.length),
  };
}

function couicsOf(components: readonly ShownComponent[], summary: Summary, activity: Activity): ShownCouic[] {
  const configured = new Set(components.flatMap(({ instances }) => instances));
  const gone = summary.filter(({ instance, lastReport }) => !configured.has(instance) && lastReport !== null);
  const names = [...configured, ...gone.map(({ instance }) => instance)];
  return names.map((name) => {
    const own = summary.find(({ instance }) => instance === name);
    return { name, summary: own, activity: activity.of(name), ...stateOf(own, configured.has(name)) };
  });
}

/** Couic reports what changes, so one that is silent may be well. */
function stateOf(summary: InstanceSummary | undefined, isConfigured: boolean): Pick<ShownCouic, 'state' | 'reason'> {
  if (!isConfigured) return { state: 'waiting', reason: 'is no longer in the configuration' };
  if (summary?.up === false) return { state: 'attention', reason: 'its API does not answer' };
  if (summary?.drift)
    return { state: 'attention', reason: `the rules held here are ${summary.drift} away from its own` };
  if (!summary?.lastReport && !summary?.up) return { state: 'waiting', reason: 'no report has come yet' };
  return { state: 'works', reason: summary.up ? 'reports, and its API answers' : 'reports' };
}

/** The same tag of several Couics is one. */
function top(counts: readonly TagCount[]): TagCount[] {
  const sums = new Map<string | null, number>();
  for (const { tag, count } of counts) sums.set(tag, (sums.get(tag) ?? 0) + count);
  return Array.from(sums, ([tag, count]) => ({ tag, count }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, MOST_TAGS);
}
