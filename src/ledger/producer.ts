import { emptyResource } from '@opentelemetry/resources';
import type { CollectionResult, MetricProducer } from '@opentelemetry/sdk-metrics';
import { collectApiMetrics, collectApiState } from './api-metrics.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import { MetricsBuilder } from './metrics-builder.ts';
import { collectReportMetrics, collectRuleMetrics } from './report-metrics.ts';

/**
 * The ledger's totals as OTel metrics, for any number of readers. Cumulative, each series with the start that is kept
 * with it, so that a restart of the bridge is no reset. A series whose last rule is gone is not given any more.
 */
export class LedgerProducer implements MetricProducer {
  readonly #state: LedgerState;
  readonly #instances: ReadonlySet<string> | null;
  readonly #now: () => number;
  readonly #scope: { name: string; version: string };

  /** @param instances - the only ones to give; null for all. @param now - ms since the epoch. */
  constructor(state: LedgerState, version: string, instances: ReadonlySet<string> | null, now: () => number) {
    this.#state = state;
    this.#scope = { name: 'couic-otel-bridge/ledger', version };
    this.#instances = instances;
    this.#now = now;
  }

  collect(): Promise<CollectionResult> {
    const state = this.#state;
    const builder = new MetricsBuilder(state.createdAt, this.#now());
    const instances = this.#selected();
    collectReportMetrics(builder, instances);
    collectRuleMetrics(builder, instances);
    collectApiMetrics(builder, instances);
    collectApiState(builder, state, this.#instances);
    return Promise.resolve({
      resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: this.#scope, metrics: builder.metrics }] },
      errors: [],
    });
  }

  #selected(): readonly InstanceTotals[] {
    const wanted = this.#instances;
    return wanted === null ? this.#state.instances : this.#state.instances.filter(({ name }) => wanted.has(name));
  }
}
