import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../src/telemetry/names.ts';
import { labelName } from '../../src/telemetry/prometheus/labels.ts';
import { metricName } from '../../src/telemetry/prometheus/metric-name.ts';

const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');

interface Documented {
  name: string;
  prometheus: string;
  kind: string;
  unit: string;
  attributes: string[];
  boundaries: number[];
  words: string;
}

function documented(): Documented[] {
  return page
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const [heading, , facts, , ...rest] = section.split('\n');
      const [prometheus, kind, unit, attributes, buckets] = facts!.split(' · ').map((part) => part.replaceAll('`', ''));
      return {
        name: heading!.replaceAll('`', ''),
        prometheus: prometheus!,
        kind: kind!,
        unit: unit!,
        attributes: attributes!.split(', '),
        boundaries: buckets?.replace('buckets ', '').split(', ').map(Number) ?? [],
        words: rest.join(' ').split('## ')[0]!.trim(),
      };
    });
}

function defined(): Omit<Documented, 'words'>[] {
  const metrics: MetricDefinition[] = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];
  return metrics.map(({ name, kind, unit, attributes, boundaries }) => ({
    name,
    prometheus: metricName(
      { name, unit, kind: kind === 'counter' || kind === 'gauge' ? kind : 'other' },
      'UnderscoreEscapingWithSuffixes',
    ),
    kind,
    unit,
    attributes: [...attributes],
    boundaries: [...(boundaries ?? [])],
  }));
}

const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);

test('docs/metrics.md has every metric as it is defined, and no other', () => {
  expect(
    documented()
      .map(({ words: _, ...rest }) => rest)
      .sort(byName),
  ).toEqual(defined().sort(byName));
});

test('every metric is explained', () => {
  for (const { name, words } of documented()) expect(words, name).toMatch(/\w.{20,}\./);
});

test('every attribute is in the table with its label, and no other', () => {
  const rows = [...page.matchAll(/^\| `([^`]+)` *\| `([^`]+)` *\| (\S.*) \|$/gm)].map(([, key, label, values]) => {
    expect(values).not.toBe('');
    return [key, label];
  });
  expect(rows).toEqual(Object.values(ATTR).map((key) => [key, labelName(key)]));
});

test('no two metrics get one Prometheus name', () => {
  const names = defined().map(({ prometheus }) => prometheus);
  expect(new Set(names).size).toBe(names.length);
});
