import { DELIVERY_METRICS } from '../delivery/metrics.ts';
import { EVENT_METRICS } from '../events/metrics.ts';
import { INTAKE_METRICS } from '../ledger/metrics.ts';
import type { MetricDefinition } from '../telemetry/metric-definition.ts';
import type { AnyFactory } from './component.ts';

/** What the bridge counts of itself, since the process started: what all components share, and what each has of its own. */
export function ownMetrics(factories: readonly Pick<AnyFactory, 'metrics'>[]): MetricDefinition[] {
  const shared = [INTAKE_METRICS, DELIVERY_METRICS, EVENT_METRICS].flatMap((set): MetricDefinition[] =>
    Object.values(set),
  );
  return [...shared, ...factories.flatMap(({ metrics = [] }) => metrics)];
}
