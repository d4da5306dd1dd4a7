import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { DELIVERY_METRICS } from '../../src/delivery/metrics.ts';
import { EVENT_METRICS } from '../../src/events/metrics.ts';
import { API_METRICS, INTAKE_METRICS, LEDGER_METRICS, REPORT_METRICS, RULE_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';
import { ATTRIBUTE_VALUES } from '../../src/telemetry/names.ts';
import { labelName } from '../../src/telemetry/prometheus/labels.ts';
import { STALE, table, withBlock } from './markdown.ts';
import { metricSections, prometheusName } from './metric-text.ts';

const PATH = 'docs/metrics.md';

const sets: Readonly<Record<string, Readonly<Record<string, MetricDefinition>>>> = {
  reports: REPORT_METRICS,
  rules: RULE_METRICS,
  'the API': API_METRICS,
  delivery: DELIVERY_METRICS,
  events: EVENT_METRICS,
  intake: INTAKE_METRICS,
};

/** What the page is to be. */
function written(): string {
  let page = readFileSync(PATH, 'utf8');
  const attributes = Object.entries(ATTRIBUTE_VALUES).map(([key, values]) => [
    `\`${key}\``,
    `\`${labelName(key)}\``,
    values,
  ]);
  page = withBlock(page, PATH, 'attributes', table([['attribute', 'Prometheus label', 'values'], ...attributes]));
  for (const [name, set] of Object.entries(sets)) {
    page = withBlock(page, PATH, `metrics of ${name}`, metricSections(Object.values(set)));
  }
  const components = factories
    .filter(({ metrics = [] }) => metrics.length > 0)
    .map(({ kind, type, metrics = [] }) => `## The bridge: ${kind} \`${type}\`\n\n${metricSections(metrics)}`);
  return withBlock(page, PATH, 'metrics of components', components.join('\n\n'));
}

test('docs/metrics.md has every metric as it is defined', async () => {
  await expect(written(), STALE).toMatchFileSnapshot(`../../${PATH}`);
});

test('it has all of them, and no two get one Prometheus name', () => {
  const all: MetricDefinition[] = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];
  const headings = [...written().matchAll(/^### `(.+)`$/gm)].map(([, name]) => name);
  expect(headings.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
  expect(new Set(all.map(prometheusName)).size).toBe(all.length);
});

test('every attribute of a metric is in the table of attributes', () => {
  const all: MetricDefinition[] = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];
  const unknown = all.flatMap(({ attributes }) => attributes.filter((key) => !Object.hasOwn(ATTRIBUTE_VALUES, key)));
  expect(unknown).toEqual([]);
});
