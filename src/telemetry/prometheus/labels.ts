import type { Attributes, AttributeValue } from '@opentelemetry/api';
import type { ScopeMetrics } from '@opentelemetry/sdk-metrics';

/** Name and value. */
export type Label = readonly [name: string, value: string];

/** Scope, constant and resource labels: the same on every series of a scope. */
type ExtraLabels = readonly Label[];

/**
 * Attribute key to label name, as the Collector does: what is not a letter, a digit or `_` becomes `_`, and a name that
 * would begin with a digit gets `key_` before it.
 */
export function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/gu, '_');
  return /^[0-9]/.test(name) ? `key_${name}` : name;
}

/** What Prometheus makes series of by itself: a second label of the name makes a whole scrape, or a whole request, invalid. */
const OWN = new Set(['le', 'quantile', '__name__', '']);

/**
 * The labels of one series, sorted by name. Keys that become the same label share it, their values joined with `;` in
 * the order of the keys; an attribute wins over an extra label of its name. One that
 * is named as a label of Prometheus' own gets `exported_` before it, as Prometheus itself does with a label that is taken.
 * @see https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#metric-attributes
 */
export function labelsOf(attributes: Attributes, extra: ExtraLabels = []): Label[] {
  const labels = new Map<string, string>();
  for (const key of Object.keys(attributes).sort()) {
    const value = attributes[key];
    if (value === undefined) continue;
    const plain = labelName(key);
    const name = OWN.has(plain) ? `exported_${plain}` : plain;
    const before = labels.get(name);
    labels.set(name, before === undefined ? labelValue(value) : `${before};${labelValue(value)}`);
  }
  for (const [name, value] of extra) {
    if (!labels.has(name)) labels.set(name, value);
  }
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Where a metric comes from, as the Collector's exporters say it. */
export function scopeLabels({ name, version = '', schemaUrl = '' }: ScopeMetrics['scope']): Label[] {
  return [
    ['otel_scope_name', name],
    ['otel_scope_version', version],
    ['otel_scope_schema_url', schemaUrl],
  ];
}

function labelValue(value: AttributeValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
