import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../../../plugins/exporters/prometheusremotewrite/config.ts';
import { remoteWriteProtocol } from '../../../../plugins/exporters/prometheusremotewrite/protocol.ts';
import { PushExporter } from '../../../../src/delivery/push-exporter.ts';
import { LEDGER_METRICS } from '../../../../src/ledger/metrics.ts';
import { exporterContext, noDeadline, VERSION } from '../../../support/exporter-context.ts';
import { FakeProducer } from '../../../support/fake-producer.ts';
import { FakeTime, until } from '../../../support/fake-time.ts';
import { MetricsSink } from '../../../support/metrics-sink.ts';
import { readWriteRequest } from '../../../support/remote-write.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function start(options: Record<string, unknown> = {}, answers: MetricsSink['answers'] = []) {
  const sink = new MetricsSink();
  sink.answers.push(...answers);
  const endpoint = `${await sink.open()}/api/v1/write`;
  ends.push(() => sink.close());
  const time = new FakeTime();
  const producer = new FakeProducer([{ metric: LEDGER_METRICS.reports, attributes: {}, value: 1 }]);
  const context = exporterContext({ id: 'prometheusremotewrite', producer, clock: time });
  const config = schema.parse({ endpoint, interval: '10s', ...options });
  const exporter = new PushExporter(context, config, remoteWriteProtocol(config, context), {
    sleep: time.sleep,
    random: () => 0.5,
  });
  context.provider.register([exporter.reader]);
  ends.push(() => exporter.shutdown(noDeadline));
  await exporter.start();
  const timestamps = () => sink.requests.map(({ body }) => readWriteRequest(body).series[0]!.timestamp);
  return { sink, time, context, exporter, timestamps };
}

test('posts what the specification asks for', async () => {
  const { sink, time } = await start({ headers: { 'X-Scope-OrgID': 'tenant' } });
  await until(() => sink.requests.length === 1);
  expect(sink.requests[0]).toMatchObject({
    url: '/api/v1/write',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'x-scope-orgid': 'tenant',
      'user-agent': `couic-otel-bridge/${VERSION}`,
    },
  });
  expect(readWriteRequest(sink.requests[0]!.body).series[1]).toMatchObject({ value: 1, timestamp: time.now() });
});

test('an outage: the samples of that time arrive after it, in order', async () => {
  const down = { status: 503 };
  const { sink, time, timestamps } = await start({ retry_on_failure: { initial_interval: '15s' } }, [down, down]);
  const begun = time.now();
  // The first is tried at 0, 15 and 37.5 s; others are collected at 10, 20 and 30 s.
  for (const step of [10_000, 5000, 5000, 10_000, 7500]) {
    await until(() => time.waits.length === 2);
    time.advance(step);
  }
  await until(() => sink.requests.length === 6);
  expect(timestamps().map((timestamp) => timestamp - begun)).toEqual([0, 0, 0, 10_000, 20_000, 30_000]);
});

test('what the receiver refuses is dropped, and the next is sent', async () => {
  const { sink, time, context } = await start({}, [{ status: 400, body: 'out of order sample' }]);
  await until(() => time.waits.length === 1 && context.logged.length > 1);
  time.advance(10_000);
  await until(() => sink.requests.length === 2);
  expect(context.logged[1]).toMatch(
    /^warn Metrics are not sent: .*\/api\/v1\/write answered 400 \(out of order sample\)$/,
  );
});

test('a clock that goes back: a little is passed over, more waits', async () => {
  const { sink, time, context, timestamps } = await start();
  const begun = time.now();
  await until(() => sink.requests.length === 1 && time.waits.length === 1);
  time.step(-12_000);
  time.advance(10_000);
  await until(() => sink.requests.length === 2 && time.waits.length === 1);
  time.step(-60_000);
  time.advance(10_000);
  await until(() => context.logged.some((line) => line.startsWith('warn')) && time.waits.length === 1);
  expect(context.logged.at(-1)).toBe('warn The clock went back: no samples for 53 s, which a receiver would refuse');
  time.step(60_000);
  time.advance(10_000);
  await until(() => sink.requests.length === 3);
  expect(timestamps()).toEqual([begun, begun + 1, time.now()]);
});

test('that samples wait for the clock is said once, not at each interval', async () => {
  const { sink, time, context } = await start();
  await until(() => sink.requests.length === 1 && time.waits.length === 1);
  time.step(-60_000);
  for (let collection = 0; collection < 5; collection++) {
    time.advance(10_000);
    await until(() => time.waits.length === 1);
  }
  time.advance(10_000);
  await until(() => sink.requests.length === 2);
  expect(context.logged.filter((line) => line.startsWith('warn'))).toEqual([
    'warn The clock went back: no samples for 50 s, which a receiver would refuse',
  ]);
});

test('a clock that had been a year ahead does not silence it for a year', async () => {
  const { sink, time, context, timestamps } = await start();
  await until(() => sink.requests.length === 1 && time.waits.length === 1);
  time.step(-365 * 86_400_000);
  for (const requests of [2, 3]) {
    time.advance(10_000);
    await until(() => sink.requests.length === requests && time.waits.length === 1);
    expect(timestamps().at(-1)).toBe(time.now());
  }
  expect(context.logged.filter((line) => line.startsWith('warn'))).toHaveLength(1);
});

test('defaults, and what is refused', () => {
  expect(schema.parse({ endpoint: 'http://127.0.0.1:9090/api/v1/write' })).toMatchObject({
    interval: 60_000,
    timeout: 30_000,
    retry_on_failure: { max_elapsed_time: 0 },
    without_scope_info: true,
    send_metadata: false,
    max_batch_size_bytes: 3_000_000,
  });
  const { error } = schema.safeParse({ endpoint: 'localhost', external_labels: { job: 'x' } });
  expect(z.prettifyError(error!)).toContain('expected an address with its scheme');
  expect(z.prettifyError(error!)).toContain('is a label of the metrics themselves, or one that Prometheus sets');
});

test('doctor asks with a request of no series', async () => {
  const { sink, exporter } = await start();
  await until(() => sink.requests.length === 1);
  expect(await exporter.examine(noDeadline)).toMatchObject([{ level: 'ok' }]);
  expect(readWriteRequest(sink.requests[1]!.body).series).toEqual([]);
});
