import type { Resource } from '@opentelemetry/resources';
import { DataPointType, type MetricData, type ResourceMetrics, type ScopeMetrics } from '@opentelemetry/sdk-metrics';
import type { SourcedMetrics } from '../../service/metric-source.ts';
import { merged } from './merge.ts';
import { metricName, type TranslationStrategy } from './metric-name.ts';
import { jobAndInstance } from './targets.ts';

export type FamilyType = 'counter' | 'gauge' | 'histogram';

/** A metric of one family. */
interface Member {
  readonly scope: ScopeMetrics['scope'];
  readonly metric: MetricData;
  /** Of whoever else measured it; undefined: the bridge itself. */
  readonly resource: Resource | undefined;
}

/** Everything that has one Prometheus name: of several scopes too, since a name may be introduced only once. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly members: Member[];
}

export interface FamilyOptions {
  readonly strategy: TranslationStrategy;
  readonly namespace: string;
  readonly withoutScopeInfo: boolean;
  /** Whether every series carries the resource's attributes, instead of `target_info` alone. */
  readonly resourceLabels: boolean;
  /** Told about a metric that cannot be shown, and why. It is left out, as in the Collector. */
  readonly onDropped: (metric: string, reason: string) => void;
}

/** The collected metrics under their Prometheus names, sorted; those without a data point are left out. */
export function familiesOf({ scopeMetrics }: ResourceMetrics, options: FamilyOptions): Family[] {
  const families = new Map<string, Family>();
  for (const { scope, metrics, resource } of scopeMetrics as readonly SourcedMetrics[]) {
    for (const metric of metrics) {
      if (metric.dataPoints.length === 0) continue;
      const type = typeOf(metric);
      if (!type) {
        options.onDropped(metric.descriptor.name, 'exponential histograms have no place in the Prometheus text format');
        continue;
      }
      const name = nameOf(metric, options);
      const member = { scope, metric, resource };
      const family = families.get(name);
      if (!family) {
        families.set(name, { name, type, help: metric.descriptor.description, members: [member] });
      } else if (family.type === type) {
        family.members.push(member);
      } else {
        options.onDropped(
          metric.descriptor.name,
          `${name} is a ${family.type} already and cannot be a ${type} as well`,
        );
      }
    }
  }
  return [...families.values()]
    .map((family) => withoutTwins(family, options))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Members whose series Prometheus could not tell apart become one: a scrape in which a series is twice is refused whole. */
function withoutTwins(family: Family, options: FamilyOptions): Family {
  const { members } = family;
  if (members.length === 1 || members.every(({ resource }) => resource === undefined)) return family;
  const alike = new Map<string, Member[]>();
  for (const member of members) {
    const key = labelKeyOf(member, options);
    const some = alike.get(key);
    if (some) some.push(member);
    else alike.set(key, [member]);
  }
  if (alike.size === members.length) return family;
  const onDropped = (reason: string) => options.onDropped(members[0]!.metric.descriptor.name, reason);
  return {
    ...family,
    members: [...alike.values()].map((some) => ({ ...some[0]!, metric: merged(some, onDropped) })),
  };
}

/** What tells the series of a member from those of another one, beside their own attributes. */
function labelKeyOf({ scope, resource }: Member, { withoutScopeInfo, resourceLabels }: FamilyOptions): string {
  const { name, version, schemaUrl } = scope;
  return JSON.stringify([
    withoutScopeInfo ? [] : [name, version, schemaUrl],
    resource === undefined ? null : resourceLabels ? resource.attributes : jobAndInstance(resource),
  ]);
}

function typeOf(metric: MetricData): FamilyType | undefined {
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return metric.isMonotonic ? 'counter' : 'gauge';
    case DataPointType.GAUGE:
      return 'gauge';
    case DataPointType.HISTOGRAM:
      return 'histogram';
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return undefined;
  }
}

function nameOf(metric: MetricData, { strategy, namespace }: FamilyOptions): string {
  const { name, unit } = metric.descriptor;
  const counter = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  const kind = counter ? 'counter' : metric.dataPointType === DataPointType.GAUGE ? 'gauge' : 'other';
  return metricName({ name, unit, kind }, strategy, namespace);
}
