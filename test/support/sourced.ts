import type { Attributes } from '@opentelemetry/api';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type MetricData,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import type { SourcedMetrics } from '../../src/service/metric-source.ts';

const TIMES = { startTime: [1_700_000_000, 0] as [number, number], endTime: [1_800_000_000, 0] as [number, number] };

/** A counter of calls, or a gauge when it has a fraction. */
export function callsOf(
  resource: Attributes | Resource | undefined,
  points: readonly (readonly [Attributes, number])[],
): SourcedMetrics {
  const isGauge = points.some(([, value]) => !Number.isInteger(value));
  const descriptor = { name: isGauge ? 'load' : 'calls', unit: '', description: 'Of others.', valueType: 1 };
  const dataPoints = points.map(([attributes, value]) => ({ ...TIMES, attributes, value }));
  const common = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE, dataPoints };
  const metric: MetricData = isGauge
    ? { ...common, dataPointType: DataPointType.GAUGE }
    : { ...common, dataPointType: DataPointType.SUM, isMonotonic: true };
  return {
    scope: { name: 'lib' },
    metrics: [metric],
    ...(resource && {
      resource: 'attributes' in resource ? (resource as Resource) : resourceFromAttributes(resource as Attributes),
      source: 'receiver/otlp',
    }),
  };
}

/** What the bridge has of its own, and what others gave it. */
export function collected(...scopeMetrics: readonly SourcedMetrics[]): ResourceMetrics {
  const resource = resourceFromAttributes({ 'service.name': 'couic-otel-bridge', 'service.instance.id': 'bridge-1' });
  return { resource, scopeMetrics: [callsOf(undefined, [[{ own: 'yes' }, 1]]), ...scopeMetrics] };
}

const service = (name: string, instance?: string, more: Attributes = {}) => ({
  'service.name': name,
  ...(instance !== undefined && { 'service.instance.id': instance }),
  ...more,
});

/** Two that can be told apart, and two that cannot. */
export const SOURCES: readonly SourcedMetrics[] = [
  callsOf(service('waf', 'a', { 'service.namespace': 'shop', 'host.name': 'web-1' }), [[{ route: '/' }, 5]]),
  callsOf(service('waf', 'b'), [[{ route: '/' }, 6]]),
  callsOf({ 'host.name': 'x' }, [
    [{ route: '/' }, 7],
    [{ route: '/x' }, 1],
  ]),
  callsOf({ 'host.name': 'y' }, [[{ route: '/' }, 8]]),
  callsOf({ 'host.name': 'x' }, [[{}, 0.5]]),
  callsOf({ 'host.name': 'y' }, [[{}, 1.5]]),
];
