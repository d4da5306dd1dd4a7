import type { Observable } from '@opentelemetry/api';
import { type MetricData, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WINDOW_METRICS } from '../../plugins/exporters/crowdsec/metrics.ts';
import { RECEIVER_METRICS } from '../../plugins/receivers/couic/metrics.ts';
import { DELIVERY_METRICS } from '../../src/delivery/metrics.ts';
import { counter, gauge, histogram, observableGauge } from '../../src/telemetry/instruments.ts';
import { createMeterProvider } from '../../src/telemetry/meter-provider.ts';
import type { MetricDefinition } from '../../src/telemetry/metric-definition.ts';
import { ATTR } from '../../src/telemetry/names.ts';
import { createResource } from '../../src/telemetry/resource.ts';

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
  async metrics(): Promise<Record<string, MetricData>> {
    const { resourceMetrics } = await this.collect();
    return Object.fromEntries(
      resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics.map((metric) => [metric.descriptor.name, metric])),
    );
  }
}

const resource = createResource({ version: '1.2.3', instanceId: 'id-1' });
const metrics = [RECEIVER_METRICS, WINDOW_METRICS, DELIVERY_METRICS].flatMap((set): MetricDefinition[] =>
  Object.values(set),
);
const build = () => createMeterProvider({ resource, version: '1.2.3', metrics });

afterEach(() => vi.unstubAllEnvs());

describe('instruments', () => {
  test('made before the readers are registered, they measure after it, with the units and words of their definitions', async () => {
    const provider = build();
    const meter = provider.getMeter('couic-otel-bridge/receiver/couic');
    const accepted = counter(meter, RECEIVER_METRICS.acceptedReports);
    const age = observableGauge(meter, WINDOW_METRICS.oldestWindowAge);
    age.addCallback((result) => result.observe(7, { [ATTR.exporter]: 'crowdsec' }));
    const reader = new Reader();
    provider.register([reader]);
    accepted.add(3, { [ATTR.instance]: 'a' });
    gauge(provider.getMeter('late'), WINDOW_METRICS.queueSize).record(2);

    const metrics = await reader.metrics();
    expect(metrics[RECEIVER_METRICS.acceptedReports.name]).toMatchObject({
      descriptor: { unit: '{report}', description: RECEIVER_METRICS.acceptedReports.description },
      dataPoints: [{ value: 3, attributes: { [ATTR.instance]: 'a' } }],
    });
    expect(metrics[WINDOW_METRICS.oldestWindowAge.name]).toMatchObject({ dataPoints: [{ value: 7 }] });
    expect(metrics[WINDOW_METRICS.queueSize.name]).toMatchObject({ dataPoints: [{ value: 2 }] });
  });

  test('what is measured may be known only when the readers are registered', async () => {
    let instanceId = 'unknown';
    const late = () => createResource({ version: '1.2.3', instanceId });
    const provider = createMeterProvider({ resource: late, version: '1.2.3', metrics });
    instanceId = 'id-2';
    const reader = new Reader();
    provider.register([reader]);
    const { resourceMetrics } = await reader.collect();
    expect(resourceMetrics.resource.attributes['service.instance.id']).toBe('id-2');
  });

  test('every scope carries the name asked for and the version', async () => {
    const provider = build();
    counter(provider.getMeter('couic-otel-bridge/receiver/couic'), RECEIVER_METRICS.acceptedReports);
    const reader = new Reader();
    provider.register([reader]);
    counter(provider.getMeter('couic-otel-bridge/receiver/couic'), RECEIVER_METRICS.acceptedReports).add(1);
    const { resourceMetrics } = await reader.collect();
    expect(resourceMetrics.scopeMetrics.map(({ scope }) => [scope.name, scope.version])).toEqual([
      ['couic-otel-bridge/receiver/couic', '1.2.3'],
    ]);
  });

  test('a histogram has the buckets of its definition', async () => {
    const provider = build();
    const duration = histogram(provider.getMeter('s'), RECEIVER_METRICS.requestDuration);
    const reader = new Reader();
    provider.register([reader]);
    duration.record(1.5, { [ATTR.httpRoute]: '/v1/reports' });
    expect((await reader.metrics())[RECEIVER_METRICS.requestDuration.name]).toMatchObject({
      dataPoints: [
        { value: { count: 1, sum: 1.5, buckets: { boundaries: RECEIVER_METRICS.requestDuration.boundaries } } },
      ],
    });
  });

  test('an attribute that the definition does not name is left out', async () => {
    const provider = build();
    const accepted = counter(provider.getMeter('s'), RECEIVER_METRICS.acceptedReports);
    const reader = new Reader();
    provider.register([reader]);
    accepted.add(1, { [ATTR.instance]: 'a', address: '192.0.2.1' });
    expect((await reader.metrics())[RECEIVER_METRICS.acceptedReports.name]?.dataPoints[0]?.attributes).toEqual({
      [ATTR.instance]: 'a',
    });
  });

  test('callbacks can be removed, and batch callbacks observe the instruments they were given', async () => {
    const provider = build();
    const meter = provider.getMeter('s');
    const age = observableGauge(meter, WINDOW_METRICS.oldestWindowAge);
    const size = observableGauge(meter, WINDOW_METRICS.queueSize);
    const removed = vi.fn();
    age.addCallback(removed);
    age.removeCallback(removed);
    const both = (result: { observe(observable: Observable, value: number): void }) => {
      result.observe(age, 5);
      result.observe(size, 6);
    };
    meter.addBatchObservableCallback(both, [age, size]);
    const reader = new Reader();
    provider.register([reader]);
    const metrics = await reader.metrics();
    expect(metrics[WINDOW_METRICS.oldestWindowAge.name]).toMatchObject({ dataPoints: [{ value: 5 }] });
    expect(metrics[WINDOW_METRICS.queueSize.name]).toMatchObject({ dataPoints: [{ value: 6 }] });
    expect(removed).not.toHaveBeenCalled();
  });

  test('recording without readers is harmless, and readers are registered once', async () => {
    const provider = build();
    const sent = counter(provider.getMeter('s'), DELIVERY_METRICS.sentRequests);
    sent.add(100);
    const reader = new Reader();
    provider.register([reader]);
    sent.add(3);
    expect((await reader.metrics())[DELIVERY_METRICS.sentRequests.name]).toMatchObject({ dataPoints: [{ value: 3 }] });
    expect(() => provider.register([])).toThrow('registered already');
  });
});

describe('resource', () => {
  test('says which bridge it is', () => {
    expect(resource.attributes).toMatchObject({
      'service.name': 'couic-otel-bridge',
      'service.version': '1.2.3',
      'service.instance.id': 'id-1',
      'telemetry.sdk.language': 'nodejs',
    });
  });

  test('OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME win', () => {
    vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'deployment.environment.name=lab,service.instance.id=mine');
    vi.stubEnv('OTEL_SERVICE_NAME', 'edge-bridge');
    const onInvalid = vi.fn();
    expect(createResource({ version: '1.2.3', instanceId: 'id-1', onInvalid }).attributes).toMatchObject({
      'service.name': 'edge-bridge',
      'service.version': '1.2.3',
      'service.instance.id': 'mine',
      'deployment.environment.name': 'lab',
    });
    expect(onInvalid).not.toHaveBeenCalled();
  });

  test.each(['no-equals', 'a=1=2', 'a=%zz', 'a%z=1'])(
    'OTEL_RESOURCE_ATTRIBUTES=%s is reported and left out',
    (value) => {
      vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', value);
      vi.stubEnv('OTEL_SERVICE_NAME', 'edge-bridge');
      const onInvalid = vi.fn();
      const { attributes } = createResource({ version: '1.2.3', instanceId: 'id-1', onInvalid });
      expect(attributes).toMatchObject({ 'service.name': 'edge-bridge', 'service.instance.id': 'id-1' });
      expect(onInvalid).toHaveBeenCalledWith(expect.stringContaining('OTEL_RESOURCE_ATTRIBUTES is ignored'));
    },
  );
});
