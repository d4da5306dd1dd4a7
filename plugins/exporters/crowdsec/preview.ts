import type { MetricProducer, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import type { SourcedMetrics } from '../../../src/service/metric-source.ts';
import type { Counting } from './counting.ts';
import type { BouncerCounts } from './cscli-table.ts';
import type { ValuedItem } from './items.ts';
import { pointsOf, type SourcePoint } from './points.ts';
import { drawWindow } from './window.ts';
import { WindowState } from './window-state.ts';

/** By which the command line asks for a preview. */
export const PREVIEW_OPERATION = 'windows.preview';

/** Metrics of each sort that are named at most. */
const MOST_NAMED = 100;

/** What LAPI would be told of all totals, had it been told nothing yet. */
export interface Preview {
  readonly counts: BouncerCounts;
  /** Seconds since the epoch: when the oldest count began. */
  readonly since: number;
  /** There is more than one window could hold. */
  readonly more: boolean;
  /** What the mapping said and no window can tell, by metric. */
  readonly leftOut: readonly { readonly metric: string; readonly problem: string }[];
  /** Metrics of others, with how many of their series count as nothing. */
  readonly unused: readonly { readonly metric: string; readonly series: number }[];
}

/** Reads, and changes nothing. @param clock - ms since the epoch. */
export async function preview(
  producer: MetricProducer,
  counting: Counting,
  clock: { now(): number },
): Promise<Preview> {
  const { resourceMetrics } = await producer.collect();
  const second = Math.floor(clock.now() / 1000);
  const unusable = new Map<string, string>();
  const points = pointsOf(resourceMetrics, counting.follows, counting.sourceOf, unusable);
  const { mapping, maxOrigins, otherOrigin, reservedOrigins } = counting;
  const state = new WindowState();
  const draft = drawWindow({ state, points, mapping, maxOrigins, otherOrigin, reservedOrigins, second });
  const problems = new Map([...unusable, ...draft.leftOut.map(({ metric, problem }) => [metric, problem] as const)]);
  return {
    counts: countsOf(draft.parts.flat()),
    since: Math.floor(points.reduce((oldest, { start }) => Math.min(oldest, start), second * 1000) / 1000),
    more: draft.more,
    leftOut: Array.from(problems, ([metric, problem]) => ({ metric, problem })).slice(0, MOST_NAMED),
    unused: unusedIn(resourceMetrics, points, counting).slice(0, MOST_NAMED),
  };
}

/** As cscli adds them up. */
function countsOf(items: readonly ValuedItem[]): BouncerCounts {
  const counts: BouncerCounts = {};
  for (const { name, unit, value, labels } of items) {
    const origin = labels?.origin ?? '';
    counts[origin] ??= {};
    counts[origin][name] ??= {};
    const units = counts[origin][name];
    units[unit] = (units[unit] ?? 0) + value;
  }
  return counts;
}

/** Of what others sent: what no rule asks for, and series that fit none. */
function unusedIn(
  { scopeMetrics }: ResourceMetrics,
  points: readonly SourcePoint[],
  { knows, follows, isAsked }: Counting,
): { metric: string; series: number }[] {
  const unused = new Map<string, number>();
  const add = (metric: string, series: number) => unused.set(metric, (unused.get(metric) ?? 0) + series);
  for (const { metrics, source, resource } of scopeMetrics as readonly SourcedMetrics[]) {
    if (source === undefined || !isAsked(resource?.attributes ?? {})) continue;
    for (const { descriptor, dataPoints } of metrics)
      if (!follows(descriptor.name, undefined, { source, resource: resource?.attributes ?? {} }))
        add(descriptor.name, dataPoints.length);
  }
  for (const point of points) if (!knows(point)) add(point.metric, 1);
  return Array.from(unused, ([metric, series]) => ({ metric, series }));
}
