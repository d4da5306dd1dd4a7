import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { ledgerSeries, recordBridgeMetrics } from '../support/all-metrics.ts';
import { exporterContext, noDeadline } from '../support/exporter-context.ts';
import { FakeProducer } from '../support/fake-producer.ts';
import { parseExposition } from '../support/parse-exposition.ts';
import { describeWith } from './tools/describe-with.ts';
import { startPrometheus } from './tools/prometheus-server.ts';
import { comparable, seriesName } from './tools/series-name.ts';

const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** The exporter with every metric there is. */
async function startExporter(options: Record<string, unknown> = {}): Promise<string> {
  const context = exporterContext({ producer: new FakeProducer(ledgerSeries()) });
  const exporter = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0', ...options }));
  context.provider.register([exporter.reader]);
  recordBridgeMetrics(context.meter);
  await exporter.start();
  ends.push(() => exporter.shutdown(noDeadline));
  return formatEndpoint(exporter.endpoint!);
}

describeWith(['promtool'], 'A scrape, as promtool reads it', ({ promtool }) => {
  test.each([
    ['as it is by default', {}],
    [
      'with all labels and a namespace',
      { without_scope_info: false, const_labels: { site: 'paris' }, namespace: 'edge' },
    ],
    ['with the attributes of the resource', { resource_to_telemetry_conversion: { enabled: true } }],
  ])('no complaint about any metric, %s', async (_title, options) => {
    const text = await (await fetch(`http://${await startExporter(options)}/metrics`)).text();
    const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'inherit', 'pipe'] });
    let complaints = '';
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.stdin.end(text);
    const [code] = await once(child, 'close');
    expect({ code, complaints }).toEqual({ code: 0, complaints: '' });
  });
});

describeWith(['prometheus'], 'A scrape, as Prometheus stores it', ({ prometheus }) => {
  test('for a minute, as text and as OpenMetrics: every sample as it was shown, and no warning in the log', async () => {
    const openMetrics = await startExporter();
    const text = await startExporter({ enable_open_metrics: false });
    const server = await startPrometheus(prometheus, { openmetrics: openMetrics, text });
    ends.push(() => server.stop());
    await new Promise((resolve) => setTimeout(resolve, 60_000));

    const shown = parseExposition(await (await fetch(`http://${text}/metrics`)).text());
    for (const job of ['text', 'openmetrics']) {
      expect(
        await server.query(`count_over_time(up{job="${job}"}[2m]) > 50 and min_over_time(up{job="${job}"}[2m]) == 1`),
      ).toHaveLength(1);
      const stored = await server.query(`{job="${job}", __name__!~"up|scrape_.*"}`);
      const samples = new Map(stored.map(({ metric, value }) => [seriesName(metric), Number(value[1])]));
      const expected = [...shown.values()].flatMap(({ samples }) => [...samples]);
      expect(samples).toEqual(new Map(expected.map(([name, value]) => [comparable(name), value])));
    }
    expect(server.warnings()).toEqual([]);
  });
});
