import { compressSync } from 'snappy';
import { expect, onTestFinished, test, vi } from 'vitest';
import { configSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { WriteRequests } from '../../plugins/exporters/prometheusremotewrite/write-requests.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { createMeterProvider } from '../../src/telemetry/meter-provider.ts';
import { createResource } from '../../src/telemetry/resource.ts';
import { ledgerSeries } from '../support/all-metrics.ts';
import { exporterContext, noDeadline, VERSION } from '../support/exporter-context.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { readWriteRequest } from '../support/remote-write.ts';

/** What is named as a label of Prometheus' own: a second one of the name makes all of a scrape, or of a request, invalid. */
const NAMES = ['__name__', 'le', 'quantile'];

test('resource attributes that are named as labels of Prometheus take down no scrape', async () => {
  vi.stubEnv('OTEL_RESOURCE_ATTRIBUTES', 'le=1,quantile=0.5');
  onTestFinished(() => void vi.unstubAllEnvs());
  const resource = createResource({ version: VERSION, instanceId: 'a', configured: { __name__: 'evil' } });
  const context = exporterContext({ producer: new FakeProducer(ledgerSeries()) });
  const config = { endpoint: '127.0.0.1:0', resource_to_telemetry_conversion: { enabled: true } };
  const exporter = new PrometheusExporter(context, configSchema.parse(config));
  createMeterProvider({ version: VERSION, resource, metrics: [] }).register([exporter.reader]);
  onTestFinished(() => exporter.shutdown(noDeadline));
  await exporter.start();
  const text = await (await fetch(`http://${formatEndpoint(exporter.endpoint!)}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines.length).toBeGreaterThan(20);
  for (const line of lines) {
    const names = Array.from(line.matchAll(/[{,]([a-zA-Z0-9_]*)="/g), ([, name]) => name);
    expect(new Set(names).size, line).toBe(names.length);
    expect(names.includes('le'), line).toBe(/^[a-z_]+_bucket\{/.test(line));
    expect(names, line).not.toContain('quantile');
    expect(names, line).toEqual(expect.arrayContaining(NAMES.map((name) => `exported_${name}`)));
    expect(line).not.toContain('{__name__=');
  }
});

test('nor a push', async () => {
  const resource = createResource({
    version: VERSION,
    instanceId: 'a',
    configured: { __name__: 'evil', le: 1, quantile: 2 },
  });
  const requests = new WriteRequests({
    strategy: 'UnderscoreEscapingWithSuffixes',
    namespace: '',
    externalLabels: [],
    withoutScopeInfo: true,
    resourceLabels: true,
    metadata: false,
    maxBytes: 1e6,
    onDropped: () => {},
  });
  const { resourceMetrics } = await new FakeProducer(ledgerSeries()).collect();
  let series = 0;
  for await (const body of requests.of({ ...resourceMetrics, resource }, 1000)) {
    for (const { labels } of readWriteRequest(compressSync(Buffer.from(body))).series) {
      const names = labels.map(([name]) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(names).toEqual([...names].sort());
      const own = Object.fromEntries(labels);
      expect(own.__name__).toMatch(/^(couic_|target_info$)/);
      expect('le' in own).toBe(own.__name__!.endsWith('_bucket'));
      expect([own.quantile, own.exported_quantile]).toEqual([undefined, '2']);
      series++;
    }
  }
  expect(series).toBeGreaterThan(20);
});
