import { expect, test } from 'vitest';
import { BRIDGE_METRICS, LEDGER_METRICS } from '../../src/telemetry/names.ts';

test('no metric has an address among its attributes, and names are unique', () => {
  const all = [...Object.values(LEDGER_METRICS), ...Object.values(BRIDGE_METRICS)];
  expect(new Set(all.map((metric) => metric.name)).size).toBe(all.length);
  for (const metric of all) {
    expect(metric.attributes.filter((attribute) => /addr|cidr|ip$/.test(attribute))).toEqual([]);
  }
});
