import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';

test('no metric has an address among its attributes, and names are unique', () => {
  const all = [...Object.values(LEDGER_METRICS), ...ownMetrics(factories)];
  expect(new Set(all.map((metric) => metric.name)).size).toBe(all.length);
  for (const metric of all) {
    expect(metric.attributes.filter((attribute) => /addr|cidr|ip$/.test(attribute))).toEqual([]);
  }
});
