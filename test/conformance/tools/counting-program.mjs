/*
 * A program that counts with the SDK of OpenTelemetry and sends over OTLP: `node counting-program.mjs PORT ENDPOINT`. Each request is one
 * that it denies. Its totals are cumulative, since it was started.
 */
import { createServer } from 'node:http';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

const [port, endpoint] = process.argv.slice(2);
const exporter = {
  selectAggregationTemporality: () => AggregationTemporality.CUMULATIVE,
  async export(metrics, done) {
    const body = ProtobufMetricsSerializer.serializeRequest(metrics);
    const headers = { 'content-type': 'application/x-protobuf' };
    // What is not taken comes with the next one.
    await fetch(`${endpoint}/v1/metrics`, { method: 'POST', body, headers }).catch(() => {});
    done({ code: 0 });
  },
  forceFlush: async () => {},
  shutdown: async () => {},
};
const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 300, exportTimeoutMillis: 300 });
const resource = resourceFromAttributes({ 'service.name': 'waf', 'service.instance.id': 'waf-1' });
const meter = new MeterProvider({ resource, readers: [reader] }).getMeter('waf');
const denied = meter.createCounter('waf.requests.denied', { unit: '{request}' });
denied.add(0, { rule: 'admin' });
createServer((_request, response) => {
  denied.add(1, { rule: 'admin' });
  response.writeHead(403).end();
}).listen(Number(port), '127.0.0.1', () => console.log('Counting'));
