import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';
import { metricName } from '../../src/telemetry/prometheus/metric-name.ts';
import { table } from './markdown.ts';

/** The sections of docs/metrics.md on these metrics. */
export function metricSections(metrics: readonly MetricDefinition[]): string {
  return metrics.map(section).join('\n\n');
}

function section(metric: MetricDefinition): string {
  const { name, kind, unit, attributes, boundaries } = metric;
  const facts = [
    `\`${prometheusName(metric)}\``,
    kind,
    `\`${unit}\``,
    ...(attributes.length > 0 ? [attributes.map((key) => `\`${key}\``).join(', ')] : []),
  ];
  if (boundaries) facts.push(`buckets ${boundaries.join(', ')}`);
  return `### \`${name}\`\n\n${facts.join(' · ')}\n\n${wordsOf(metric)}`;
}

/** For a component's page. */
export function metricTable(metrics: readonly MetricDefinition[]): string {
  const rows = metrics.map((metric) => [
    `\`${metric.name}\``,
    metric.attributes.map((key) => `\`${key}\``).join(', '),
    wordsOf(metric),
  ]);
  return table([['metric', 'attributes', 'meaning'], ...rows]);
}

export function prometheusName({ name, unit, kind }: MetricDefinition): string {
  const type = kind === 'counter' || kind === 'gauge' ? kind : 'other';
  return metricName({ name, unit, kind: type }, 'UnderscoreEscapingWithSuffixes');
}

function wordsOf({ description, details }: MetricDefinition): string {
  return details === undefined ? description : `${description} ${details}`;
}
