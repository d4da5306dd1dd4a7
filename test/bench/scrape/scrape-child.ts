import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Attributes } from '@opentelemetry/api';
import { DataPointType, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { Counter, Gauge, Registry } from 'prom-client';
import { configSchema } from '../../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../../plugins/exporters/prometheus/exporter.ts';
import { formatEndpoint } from '../../../src/config/endpoint.ts';
import { labelName } from '../../../src/telemetry/prometheus/labels.ts';
import { exporterContext } from '../../support/exporter-context.ts';
import { bodyOf, pieces, startedLedger } from '../../support/ledger.ts';
import { MemoryStore } from '../../support/memory-store.ts';

/**
 * Own process of `scrape`: `bridge` or `prom-client`, with a ledger of so many series, half of them `couic_reports_total`
 * and half `couic_rule_active`. Sends its URL, and at each message its CPU time in µs and its longest stall in ms since the last.
 */
const [kind, count] = [process.argv[2], Number(process.argv[3])];
const INSTANCES = 10;

async function filledLedger() {
  const { ledger } = await startedLedger(new MemoryStore(), undefined, { tags: count, kinds: 20 });
  const tags = Array.from({ length: count / 2 / INSTANCES }, (_, tag) => `scanner-${tag}`);
  for (let instance = 0; instance < INSTANCES; instance++) {
    const reports = tags.map((tag, n) => ({ tag, kind: 'automated', cidr: `10.${instance}.${n >> 8}.${n & 255}/32` }));
    await ledger.ingest(`couic-${instance}`, pieces(bodyOf(reports)));
  }
  return ledger;
}

async function bridge(producer: MetricProducer): Promise<string> {
  const context = exporterContext({ producer });
  const exporter = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0' }));
  context.provider.register([exporter.reader]);
  await exporter.start();
  return `http://${formatEndpoint(exporter.endpoint!)}/metrics`;
}

/** prom-client with the same series as the ledger; of its histograms and the like, which are few, nothing. */
async function promClient(producer: MetricProducer): Promise<string> {
  const registry = new Registry();
  const { resourceMetrics } = await producer.collect();
  for (const metric of resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics)) {
    if (metric.dataPointType === DataPointType.HISTOGRAM) continue;
    const points = metric.dataPoints.map(({ attributes, value }) => ({
      labels: labels(attributes),
      value: Number(value),
    }));
    const options = {
      help: metric.descriptor.description,
      labelNames: Object.keys(points[0]!.labels),
      registers: [registry],
    };
    if (metric.dataPointType === DataPointType.SUM && metric.isMonotonic) {
      const counter = new Counter({ name: `${labelName(metric.descriptor.name)}_total`, ...options });
      for (const point of points) counter.labels(point.labels).inc(point.value);
    } else {
      const gauge = new Gauge({ name: labelName(metric.descriptor.name), ...options });
      for (const point of points) gauge.labels(point.labels).set(point.value);
    }
  }
  const server = createServer(async (_request, response) => {
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

function labels(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [labelName(key), String(value)]));
}

const ledger = await filledLedger();
const url = await (kind === 'bridge' ? bridge : promClient)(ledger.producer());
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let before = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpu: user + system, stall: delay.max / 1e6 });
  globalThis.gc?.();
  delay.reset();
  before = process.cpuUsage();
});
process.on('disconnect', () => process.exit());
process.send?.({ url });
