import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';

test('no metric has an address among its attributes, and names are unique', () => {
  const all = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];
  expect(new Set(all.map((metric) => metric.name)).size).toBe(all.length);
  for (const metric of all) {
    expect(metric.attributes.filter((attribute) => /addr|cidr|ip$/.test(attribute))).toEqual([]);
  }
});

test('what a file metrics.ts defines is handed on: by the factory of its folder, or by own-metrics.ts', async () => {
  const handedOn = new Set<unknown>([...Object.values(LEDGER_METRICS), ...ownMetrics(factories)]);
  const files = ['src', 'plugins'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((file) => /(^|\/)metrics\.ts$/.test(file))
      .map((file) => `${root}/${file}`),
  );
  expect(files).toContain('plugins/exporters/crowdsec/metrics.ts');
  for (const file of files) {
    const sets: Record<string, Record<string, MetricDefinition>> = await import(/* @vite-ignore */ `../../${file}`);
    const forgotten = Object.values(sets).flatMap((set) =>
      Object.values(set).filter((metric) => !handedOn.has(metric)),
    );
    expect(
      forgotten.map(({ name }) => name),
      file,
    ).toEqual([]);
  }
});
