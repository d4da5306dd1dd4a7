/**
 * One server of the scrape benchmark, in a process of its own: `scrape-server.js bridge|official|prom-client SERIES`.
 * Sends its URL to its parent, and at each message its CPU time in µs and its longest event-loop stall in ms since the last.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Attributes, ValueType } from '@opentelemetry/api';
import { PrometheusExporter as OfficialExporter } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { Counter, Registry } from 'prom-client';
import { configSchema } from '../../plugins/exporters/prometheus/config.ts';
import { PrometheusExporter } from '../../plugins/exporters/prometheus/exporter.ts';
import { formatEndpoint } from '../../src/config/endpoint.ts';
import { labelName } from '../../src/prometheus/labels.ts';
import { LEDGER_METRICS } from '../../src/telemetry/names.ts';
import { exporterContext } from '../support/exporter-context.ts';
import { reportSeries } from './scrape-series.ts';

const [kind, count] = [process.argv[2], Number(process.argv[3])];
const { name, unit, description } = LEDGER_METRICS.reports;
const series = reportSeries(count);
let scrapes = 0;

/** Every series changes between two scrapes, and the attributes objects stay, as with the ledger. */
const producer: MetricProducer = {
  collect: async () => ({
    resourceMetrics: {
      resource: emptyResource(),
      scopeMetrics: [
        {
          scope: { name: 'couic-otel-bridge/ledger', version: '1.2.3' },
          metrics: [
            {
              descriptor: { name, unit, description, valueType: ValueType.INT },
              aggregationTemporality: AggregationTemporality.CUMULATIVE,
              dataPointType: DataPointType.SUM,
              isMonotonic: true,
              dataPoints: series.map((attributes, index) => ({
                startTime: [1_700_000_000, 0],
                endTime: [1_800_000_000, 0],
                attributes,
                value: scrapes * count + index,
              })),
            },
          ],
        },
      ],
    },
    errors: [],
  }),
};

async function bridge(): Promise<string> {
  const context = exporterContext({ producer });
  const exporter = new PrometheusExporter(context, configSchema.parse({ endpoint: '127.0.0.1:0' }));
  context.provider.register([exporter.reader]);
  await exporter.start();
  return `http://${formatEndpoint(exporter.endpoint!)}/metrics`;
}

async function official(): Promise<string> {
  const exporter = new OfficialExporter({ preventServerStart: true, metricProducers: [producer] });
  new MeterProvider({ readers: [exporter] });
  const server = createServer((request, response) => exporter.getMetricsRequestHandler(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

async function promClient(): Promise<string> {
  const registry = new Registry();
  const labels = series.map((attributes) =>
    Object.fromEntries(Object.entries(attributes as Attributes).map(([key, value]) => [labelName(key), String(value)])),
  );
  const counter = new Counter({
    name: 'couic_reports_total',
    help: description,
    labelNames: Object.keys(labels[0]!),
    registers: [registry],
  });
  const children = labels.map((set) => counter.labels(set));
  for (const [index, child] of children.entries()) child.inc(index);
  const server = createServer(async (_request, response) => {
    response.setHeader('Content-Type', registry.contentType);
    response.end(await registry.metrics());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

const url = await (kind === 'bridge' ? bridge() : kind === 'official' ? official() : promClient());
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let before = process.cpuUsage();
process.on('message', () => {
  const { user, system } = process.cpuUsage(before);
  process.send?.({ cpu: user + system, stall: delay.max / 1e6 });
  delay.reset();
  before = process.cpuUsage();
  scrapes++;
});
process.on('disconnect', () => process.exit());
process.send?.({ url });
