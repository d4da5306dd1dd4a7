import { gunzipSync } from 'node:zlib';
import { ProtobufLogsSerializer } from '@opentelemetry/otlp-transformer';
import { afterEach, expect, test } from 'vitest';
import { logsUrl, schema } from '../../../../plugins/exporters/otlp_http/config.ts';
import { otlpLogsSink } from '../../../../plugins/exporters/otlp_http/logs-sink.ts';
import { logRecord, logSource } from '../../../../src/events/formats/otlp.ts';
import { exporterContext } from '../../../support/exporter-context.ts';
import { MetricsSink } from '../../../support/metrics-sink.ts';
import { addedEvent, quarantinedEvent } from '../../../support/sample-events.ts';

const never = new AbortController().signal;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function build(answers: MetricsSink['answers'] = []) {
  const server = new MetricsSink();
  server.answers.push(...answers);
  const endpoint = await server.open();
  ends.push(() => server.close());
  const context = exporterContext({ id: 'otlp_http' });
  const sink = otlpLogsSink(context, schema.parse({ endpoint, headers: { authorization: 'Bearer s3cret' } }));
  ends.push(() => sink.close());
  await sink.open();
  return { server, endpoint, context, sink };
}

const a = addedEvent({ id: 'a' });
const b = addedEvent({ id: 'b' });
/** ExportLogsServiceResponse{partial_success{rejected_log_records, error_message: "no"}} */
const partial = (rejected: number) => Buffer.from([0x0a, 6, 0x08, rejected, 0x12, 2, 0x6e, 0x6f]);

test.each([
  [{}, 'http://127.0.0.1:4318/v1/logs'],
  [{ endpoint: 'https://a.example/otlp/' }, 'https://a.example/otlp/v1/logs'],
  [{ logs_endpoint: 'https://a.example/in' }, 'https://a.example/in'],
])('%o: %s', (options, url) => {
  expect(logsUrl(schema.parse(options))).toBe(url);
});

test('one request of LogRecords, of the resource of the bridge', async () => {
  const { server, sink, context } = await build();
  expect(await sink.send([a, quarantinedEvent()], never)).toEqual({ refused: [] });
  const [{ url, headers, body }] = server.requests as [(typeof server.requests)[0]];
  expect(url).toBe('/v1/logs');
  expect(headers).toMatchObject({ authorization: 'Bearer s3cret', 'content-type': 'application/x-protobuf' });
  const source = logSource(context);
  const records = [a, quarantinedEvent()].map((event) => logRecord(event, source));
  expect(gunzipSync(body).equals(Buffer.from(ProtobufLogsSerializer.serializeRequest(records)!))).toBe(true);
});

test('what a record says', () => {
  const record = logRecord(a, logSource(exporterContext()));
  expect(record).toMatchObject({
    eventName: 'couic.rule.added',
    severityNumber: 9,
    hrTime: [a.time / 1000, 0],
    hrTimeObserved: [a.time / 1000, 250_000_000],
    attributes: {
      'event.id': 'a',
      'log.record.uid': 'a',
      'couic.instance.name': 'paris',
      'source.address': '192.0.2.1',
      'network.type': 'ipv4',
      'couic.rule.network': '192.0.2.1/32',
      'couic.metadata.detail': 'Repeated connection attempts',
      'couic.metadata.extra': { attempts: 156, scan_type: 'SYN' },
    },
  });
});

test('numbers that no 64 bits hold are text, and what nests deeper than a reader follows is cut', () => {
  let deep: unknown = 1;
  for (let level = 0; level < 8000; level++) deep = [deep];
  const extra = { huge: 1e300, endless: Number.POSITIVE_INFINITY, deep };
  const record = logRecord(addedEvent({ metadata: { extra } }), logSource(exporterContext()));
  expect(record.attributes).toMatchObject({
    'couic.metadata.extra': { huge: '1e+300', endless: 'Infinity' },
    'couic.metadata_cut': true,
  });
  expect(ProtobufLogsSerializer.serializeRequest([record])!.length).toBeLessThan(2000);
});

test('the one event that a receiver refuses is set aside, the others are taken', async () => {
  const { sink } = await build([{ status: 400 }, { status: 200 }, { status: 400 }]);
  expect(await sink.send([a, b], never)).toEqual({ refused: [{ event: b, reason: 'status_400' }] });
});

test.each([401, 404, 429, 503])('%i is not about the events: all wait', async (status) => {
  const { sink, server } = await build([{ status }]);
  expect(await sink.send([a, b], never)).toMatchObject({ reason: `status_${status}` });
  expect(server.requests).toHaveLength(1);
});

test('a partial success is not sent again: all that it refused is set aside, a part of it told of', async () => {
  const { sink, context, endpoint } = await build([
    { status: 200, body: partial(2) },
    { status: 200, body: partial(1) },
  ]);
  const reason = 'partial_success';
  expect(await sink.send([a, b], never)).toEqual({ refused: [a, b].map((event) => ({ event, reason })) });
  expect(await sink.send([a, b], never)).toEqual({ refused: [] });
  expect(context.logged).toContain(`warn ${endpoint}/v1/logs refused 1 of 2 events, and not which: no`);
});
