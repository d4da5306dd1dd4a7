import { DataPointType, type MetricData, type ResourceMetrics, type ScopeMetrics } from '@opentelemetry/sdk-metrics';
import { metricName, type TranslationStrategy } from './metric-name.ts';

export type FamilyType = 'counter' | 'gauge' | 'histogram';

/** Everything that has one Prometheus name: of several scopes too, since a name may be introduced only once. */
export interface Family {
  readonly name: string;
  readonly type: FamilyType;
  readonly help: string;
  readonly members: { readonly scope: ScopeMetrics['scope']; readonly metric: MetricData }[];
}

export interface FamilyOptions {
  readonly strategy: TranslationStrategy;
  readonly namespace: string;
  /** Told about a metric that cannot be shown, and why. It is left out, as in the Collector. */
  readonly onDropped: (metric: string, reason: string) => void;
}

/** The collected metrics under their Prometheus names, sorted; those without a data point are left out. */
export function familiesOf({ scopeMetrics }: ResourceMetrics, options: FamilyOptions): Family[] {
  const families = new Map<string, Family>();
  for (const { scope, metrics } of scopeMetrics) {
    for (const metric of metrics) {
      if (metric.dataPoints.length === 0) continue;
      const type = typeOf(metric);
      if (!type) {
        options.onDropped(metric.descriptor.name, 'exponential histograms have no place in the Prometheus text format');
        continue;
      }
      const name = nameOf(metric, options);
      const family = families.get(name);
      if (!family) {
        families.set(name, { name, type, help: metric.descriptor.description, members: [{ scope, metric }] });
      } else if (family.type === type) {
        family.members.push({ scope, metric });
      } else {
        options.onDropped(
          metric.descriptor.name,
          `${name} is a ${family.type} already and cannot be a ${type} as well`,
        );
      }
    }
  }
  return [...families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
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
