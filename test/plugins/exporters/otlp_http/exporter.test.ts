import { gunzipSync } from 'node:zlib';
import { fromBinary } from '@bufbuild/protobuf';
import { ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { emptyResource } from '@opentelemetry/resources';
import { afterEach, expect, test } from 'vitest';
import { schema } from '../../../../plugins/exporters/otlp_http/config.ts';
import { otlpHttpProtocol } from '../../../../plugins/exporters/otlp_http/protocol.ts';
import { ExportMetricsServiceRequestSchema } from '../../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';
import { PushExporter } from '../../../../src/delivery/push-exporter.ts';
import { createResource } from '../../../../src/telemetry/resource.ts';
import { ledgerSeries } from '../../../support/all-metrics.ts';
import { exporterContext, noDeadline, VERSION } from '../../../support/exporter-context.ts';
import { FakeProducer } from '../../../support/fake-producer.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { MetricsSink } from '../../../support/metrics-sink.ts';
import { collected, SOURCES } from '../../../support/sourced.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function build(options: Record<string, unknown> = {}, answers: MetricsSink['answers'] = []) {
  const sink = new MetricsSink();
  sink.answers.push(...answers);
  const endpoint = await sink.open();
  ends.push(() => sink.close());
  const time = new FakeTime();
  const producer = new FakeProducer(ledgerSeries());
  const context = exporterContext({ id: 'otlp_http', producer, clock: time });
  const config = schema.parse({ endpoint, ...options });
  const exporter = new PushExporter(context, config, otlpHttpProtocol(config, context.logger), {
    sleep: time.sleep,
    random: () => 0.5,
  });
  context.provider.register([exporter.reader]);
  ends.push(() => exporter.shutdown(noDeadline));
  return { sink, endpoint, time, producer, context, exporter };
}

test('sends everything that was collected, as OTLP in protobuf, with the durable start time', async () => {
  const { sink, exporter, producer } = await build({ headers: { Authorization: 'Bearer s3cret' } });
  await exporter.start();
  await until(() => sink.requests.length === 1);
  const [{ url, headers, body }] = sink.requests as [(typeof sink.requests)[0]];
  expect(url).toBe('/v1/metrics');
  expect(headers).toMatchObject({
    authorization: 'Bearer s3cret',
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    'user-agent': `couic-otel-bridge/${VERSION}`,
  });
  const { resourceMetrics } = await producer.collect();
  const resource = createResource({ version: VERSION, instanceId: 'bridge-1' });
  const expected = ProtobufMetricsSerializer.serializeRequest({ ...resourceMetrics, resource })!;
  expect(gunzipSync(body).equals(Buffer.from(expected))).toBe(true);
});

test('sends again at each interval, and a last time at the end', async () => {
  const { sink, exporter, time } = await build({ interval: '10s' });
  await exporter.start();
  await until(() => sink.requests.length === 1 && time.waits.length === 1);
  expect(time.waits).toEqual([10_000]);
  time.advance(10_000);
  await until(() => sink.requests.length === 2);
  await exporter.shutdown(noDeadline);
  await exporter.shutdown(noDeadline);
  expect(sink.requests).toHaveLength(3);
});

test('what was not taken comes again with the same bytes, before what was collected later', async () => {
  const { sink, exporter, time, producer } = await build({ interval: '4s' }, [{ status: 503 }]);
  await exporter.start();
  await until(() => sink.requests.length === 1 && time.waits.length === 2);
  producer.now += 4;
  time.advance(4000);
  await until(() => time.waits.length === 2);
  time.advance(1000);
  await until(() => sink.requests.length === 3);
  const [first, again, later] = sink.requests as [Sunk, Sunk, Sunk];
  expect(again.body.equals(first.body)).toBe(true);
  expect(later.body.equals(first.body)).toBe(false);
});

test('sends again after the answers that the specification says, and after no other', () => {
  const { retryable } = otlpHttpProtocol(schema.parse({}), exporterContext().logger);
  const all = Array.from({ length: 500 }, (_, index) => index + 100);
  expect(all.filter(retryable)).toEqual([429, 502, 503, 504]);
});

type Sunk = MetricsSink['requests'][0];

test('a receiver that takes a part only is told of in the log', async () => {
  // ExportMetricsServiceResponse{partial_success{rejected_data_points: 3, error_message: "too old"}}
  const body = Buffer.from('0a0b0803120774 6f6f206f6c64'.replaceAll(' ', ''), 'hex');
  const { exporter, context, endpoint } = await build({}, [{ status: 200, body }]);
  await exporter.start();
  await until(() => context.logged.some((line) => line.startsWith('warn')));
  expect(context.logged).toContain(`warn ${endpoint}/v1/metrics refused 3 data points: too old`);
});

test('without compression', async () => {
  const { sink, exporter } = await build({ compression: 'none' });
  await exporter.start();
  await until(() => sink.requests.length === 1);
  expect(sink.requests[0]?.headers['content-encoding']).toBeUndefined();
  expect(sink.requests[0]?.body.includes('couic.reports')).toBe(true);
});

test('says where metrics go, and no secret', async () => {
  const { exporter, context, endpoint, sink } = await build({ headers: { 'x-key': 's3cret' } }, [{ status: 401 }]);
  await exporter.start();
  await until(() => sink.requests.length === 1 && context.logged.length > 1);
  expect(context.logged.slice(0, 2)).toEqual([
    `info Metrics go to ${endpoint}/v1/metrics every 60 s`,
    `warn Metrics are not sent: ${endpoint}/v1/metrics answered 401: check headers, which hold the key`,
  ]);
  expect(context.logged.join()).not.toContain('s3cret');
});

test('can be shut down without having been started', async () => {
  const { exporter, sink } = await build();
  await exporter.shutdown(noDeadline);
  expect(sink.requests).toEqual([]);
});

test('a certificate file that cannot be read keeps it from starting', async () => {
  const { exporter } = await build({ tls: { ca_file: '/nowhere/ca.pem' } });
  await expect(exporter.start()).rejects.toThrow('tls.ca_file: cannot read /nowhere/ca.pem');
});

test('doctor asks with a message of nothing, past the queue', async () => {
  const { exporter, sink, endpoint } = await build({}, [{ status: 200 }, { status: 401 }]);
  const signal = new AbortController().signal;
  expect(await exporter.examine(signal)).toEqual([{ level: 'ok', message: `${endpoint}/v1/metrics takes metrics` }]);
  expect(gunzipSync(sink.requests[0]!.body)).toHaveLength(0);
  expect(await exporter.examine(signal)).toMatchObject([
    { level: 'failure', message: expect.stringContaining('answered 401: check headers') },
  ]);
});

test('sources of others go with their own resources, in one request', async () => {
  const { sink, exporter, producer } = await build({ compression: 'none' });
  const { scopeMetrics } = collected(...SOURCES);
  producer.collect = async () => ({
    resourceMetrics: { resource: emptyResource(), scopeMetrics: scopeMetrics.slice(1) },
    errors: [],
  });
  await exporter.start();
  await until(() => sink.requests.length === 1);
  const { resourceMetrics } = fromBinary(ExportMetricsServiceRequestSchema, sink.requests[0]!.body);
  const names = resourceMetrics.map(({ resource }) =>
    resource!.attributes.find(({ key }) => key === 'service.name' || key === 'host.name'),
  );
  expect(names.map((name) => name?.value?.value.value)).toEqual(['waf', 'waf', 'x', 'y', 'x', 'y']);
});
