import type { Attributes } from '@opentelemetry/api';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { LEDGER_METRICS } from '../../../../src/ledger/metrics.ts';
import type { MetricDefinition } from '../../../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../../../src/telemetry/names.ts';

/** Durable totals as the couic_api receiver gives them: packets and bytes by XDP action and by tag. */
export class FakeTraffic implements MetricProducer {
  readonly xdp = new Map<string, number>();
  readonly tags = new Map<string, number>();
  readonly #instance: string;

  constructor(instance = 'couic') {
    this.#instance = instance;
  }

  /** Packets that a drop rule with this tag dropped. The firewall's total may be read before or after the tag's. */
  tagged(tag: string, packets: number): void {
    this.tags.set(tag, (this.tags.get(tag) ?? 0) + packets);
  }

  seen(action: string, packets: number): void {
    this.xdp.set(action, (this.xdp.get(action) ?? 0) + packets);
  }

  collect() {
    const instance = { [ATTR.instance]: this.#instance };
    const xdp = [...this.xdp].map(([action, n]) => [{ ...instance, [ATTR.xdpAction]: action }, n] as const);
    const tags = [...this.tags].map(
      ([tag, n]) => [{ ...instance, [ATTR.policy]: 'drop', [ATTR.tag]: tag }, n] as const,
    );
    const bytes = (points: readonly (readonly [Attributes, number])[]) => points.map(([a, n]) => [a, n * 60] as const);
    const metrics = [
      counter(LEDGER_METRICS.networkPackets, xdp),
      counter(LEDGER_METRICS.networkIo, bytes(xdp)),
      counter(LEDGER_METRICS.rulePackets, tags),
      counter(LEDGER_METRICS.ruleIo, bytes(tags)),
    ];
    const resourceMetrics = { resource: emptyResource(), scopeMetrics: [{ scope: { name: 'traffic' }, metrics }] };
    return Promise.resolve({ resourceMetrics, errors: [] });
  }
}

function counter(definition: MetricDefinition, points: readonly (readonly [Attributes, number])[]): MetricData {
  const { name, unit, description } = definition;
  return {
    descriptor: { name, unit, description, valueType: 1 },
    dataPointType: DataPointType.SUM,
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
    isMonotonic: true,
    dataPoints: points.map(([attributes, value]) => ({ attributes, value, startTime: [1, 0], endTime: [2, 0] })),
  };
}
