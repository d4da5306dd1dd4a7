import type { Attributes, Meter } from '@opentelemetry/api';
import { factories } from '../../src/components.ts';
import { LEDGER_METRICS } from '../../src/ledger/metrics.ts';
import { ownMetrics } from '../../src/service/own-metrics.ts';
import { counter, gauge, histogram } from '../../src/telemetry/instruments.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../src/telemetry/names.ts';
import type { FakeSeries } from './fake-producer.ts';

/** Two values of each attribute, with what has to be escaped among them. */
const VALUES: Readonly<Record<string, readonly [string | number, string | number]>> = {
  [ATTR.instance]: ['edge-1', 'edge "2"'],
  [ATTR.tag]: ['scan\\ner', 'ligne\nété'],
  [ATTR.networkType]: ['ipv4', 'ipv6'],
  [ATTR.httpStatus]: [200, 503],
};

/** Two series of each metric of the ledger. */
export function ledgerSeries(): FakeSeries[] {
  return Object.values(LEDGER_METRICS).flatMap((metric: MetricDefinition, index) =>
    [0, 1].map((which) => ({
      metric,
      attributes: attributesOf(metric, which),
      value: metric.kind === 'histogram' ? observations(metric) : index * 1000.25 + which,
    })),
  );
}

/** Two series of each of the bridge's own instruments. */
export function recordBridgeMetrics(meter: Meter): void {
  for (const metric of ownMetrics(factories)) {
    for (const which of [0, 1]) {
      const attributes = attributesOf(metric, which);
      if (metric.kind === 'counter') counter(meter, metric).add(7 + which, attributes);
      else if (metric.kind === 'gauge') gauge(meter, metric).record(0.5 + which, attributes);
      else if (metric.kind === 'histogram')
        for (const value of observations(metric)) histogram(meter, metric).record(value, attributes);
      else throw new Error(`no instrument of the kind of ${metric.name}`);
    }
  }
}

function attributesOf(metric: MetricDefinition, which: number): Attributes {
  return Object.fromEntries(
    metric.attributes.map((key) => [key, (VALUES[key] ?? [`${key}-0`, `${key}-1`])[which as 0 | 1]]),
  );
}

/** On, below and above every bound. */
function observations({ boundaries = [] }: MetricDefinition): number[] {
  return [...boundaries.flatMap((bound) => [bound, bound * 0.75]), (boundaries.at(-1) ?? 0) * 2 + 1];
}
