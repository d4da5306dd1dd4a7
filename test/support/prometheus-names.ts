import { factories } from '../../src/components.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';

const UNITS: Readonly<Record<string, string>> = { s: '_seconds', By: '_bytes' };

/** Every metric that there is. */
export const ALL_METRICS: readonly MetricDefinition[] = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];

/** The name a Collector's Prometheus exporter gives a metric; written apart from the exporter's own rules, which it checks. */
export function prometheusName({ name, unit, kind }: MetricDefinition): string {
  return `${name.replaceAll('.', '_')}${UNITS[unit] ?? ''}${kind === 'counter' ? '_total' : ''}`;
}

/** Names of its samples: a histogram has three. */
export function sampleNames(metric: MetricDefinition): string[] {
  const name = prometheusName(metric);
  return metric.kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

export function labelName(attribute: string): string {
  return attribute.replaceAll('.', '_');
}

/**
 * The words of a PromQL expression that look like ours and are neither a sample nor a label of a metric.
 * @param known - further words that may stand there: recording rules.
 */
export function unknownWords(expression: string, known: ReadonlySet<string> = new Set()): string[] {
  const ours = new Set([
    ...ALL_METRICS.flatMap(sampleNames),
    ...ALL_METRICS.flatMap((metric) => metric.attributes.map(labelName)),
    ...known,
  ]);
  const words = expression.match(/\b(?:couic|http|network)_[a-z][a-z0-9_:]*/g) ?? [];
  return [...new Set(words)].filter((word) => !ours.has(word));
}
