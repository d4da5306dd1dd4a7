import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { schema } from '../../../../plugins/exporters/elasticsearch/config.ts';
import { elasticsearchSink } from '../../../../plugins/exporters/elasticsearch/sink.ts';
import { MetricsSink, type SinkAnswer } from '../../../support/metrics-sink.ts';
import { addedEvent, quarantinedEvent } from '../../../support/sample-events.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const created = { create: { status: 201 } };

async function start(options: Record<string, unknown> = {}, answers: MetricsSink['answers'] = [], path = '') {
  const server = new MetricsSink();
  server.answers.push(...answers);
  const endpoint = `${await server.open()}${path}`;
  ends.push(() => server.close());
  let known = 0;
  const sink = elasticsearchSink(schema.parse({ endpoint, ...options }), {
    version: '1.2.3',
    onKnown: (count) => {
      known += count;
    },
  });
  ends.push(() => sink.close());
  return { server, sink, endpoint, known: () => known };
}

const items = (...list: unknown[]): SinkAnswer => ({
  status: 200,
  body: JSON.stringify({ errors: true, items: list }),
});
const failed = (status: number, type: string, reason = 'reason') => ({ create: { status, error: { type, reason } } });
const some = (count: number) => Array.from({ length: count }, (_, index) => addedEvent({ id: `e-${index}` }));

describe('a request', () => {
  test('creates each event under its own id, in a data stream', async () => {
    const { server, sink } = await start({ api_key: 'aWQ6a2V5' }, [items(created, created)], '/prefix/');
    expect(await sink.send(some(2), never)).toEqual({ refused: [] });
    const { url, headers, body } = server.requests[0]!;
    expect(url).toBe('/prefix/_bulk?filter_path=errors%2Citems.*.status%2Citems.*.error.type%2Citems.*.error.reason');
    expect(headers).toMatchObject({
      authorization: 'ApiKey aWQ6a2V5',
      'content-type': 'application/x-ndjson',
      'content-encoding': 'gzip',
      'user-agent': 'couic-otel-bridge/1.2.3',
    });
    const lines = gunzipSync(body).toString().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[4]).toBe('');
    expect(JSON.parse(lines[0]!)).toEqual({ create: { _index: 'logs-couic.events-default', _id: 'e-0' } });
    expect(JSON.parse(lines[1]!)).toMatchObject({
      '@timestamp': '2026-11-26T10:00:00.000Z',
      data_stream: { type: 'logs', dataset: 'couic.events', namespace: 'default' },
      event: { id: 'e-0' },
    });
    expect(JSON.parse(lines[2]!).create._id).toBe('e-1');
  });

  test('to one index, by user and password, not compressed, through a pipeline', async () => {
    const options = { logs_index: 'blocks', user: 'us', password: 'p:w', compression: 'none', pipeline: 'geo ip' };
    const { server, sink } = await start(options, [items(created)]);
    await sink.send(some(1), never);
    const { url, headers, body } = server.requests[0]!;
    expect(url).toContain('&pipeline=geo+ip');
    expect(headers.authorization).toBe(`Basic ${Buffer.from('us:p:w').toString('base64')}`);
    expect(headers).not.toHaveProperty('content-encoding');
    const [action, document] = body.toString().split('\n');
    expect(JSON.parse(action!).create._index).toBe('blocks');
    expect(JSON.parse(document!)).not.toHaveProperty('data_stream');
  });

  test('to a data stream for each Couic', async () => {
    const { server, sink } = await start({ logs_dynamic_index: { enabled: true }, compression: 'none' }, [
      items(created),
    ]);
    await sink.send([addedEvent({ instance: 'Edge #1/é' })], never);
    const [action, document] = server.requests[0]!.body.toString().split('\n');
    expect(JSON.parse(action!).create._index).toBe('logs-couic.events-edge__1_é');
    expect(JSON.parse(document!).data_stream.namespace).toBe('edge__1_é');
  });

  test('in the names of OpenTelemetry, with mapping.mode none', async () => {
    const options = { mapping: { mode: 'none' }, logs_index: 'plain', compression: 'none' };
    const { server, sink } = await start(options, [items(created, created)]);
    await sink.send([addedEvent(), quarantinedEvent()], never);
    const lines = server.requests[0]!.body.toString().split('\n');
    expect(JSON.parse(lines[1]!)).toEqual({
      '@timestamp': '2026-11-26T10:00:00.000Z',
      ObservedTimestamp: '2026-11-26T10:00:00.250Z',
      SeverityText: 'INFO',
      SeverityNumber: 9,
      EventName: 'couic.rule.added',
      Body: 'paris: 192.0.2.1/32 is blocked until 2026-11-26T11:00:00.000Z (ssh-bruteforce): Repeated connection attempts',
      Attributes: {
        'event.id': addedEvent().id,
        'log.record.uid': addedEvent().id,
        'couic.instance.name': 'paris',
        'couic.rule.policy': 'drop',
        'couic.rule.tag': 'ssh-bruteforce',
        'network.type': 'ipv4',
        'couic.rule.network': '192.0.2.1/32',
        'couic.rule.network_form': 'plain',
        'source.address': '192.0.2.1',
        'couic.rule.creation': '2026-11-26T10:00:00.000Z',
        'couic.rule.expiration': '2026-11-26T11:00:00.000Z',
        'couic.metadata.kind': 'automated',
        'couic.metadata.detail': 'Repeated connection attempts',
        'couic.metadata.extra': { attempts: 156, scan_type: 'SYN' },
      },
    });
    expect(JSON.parse(lines[3]!)).toMatchObject({
      SeverityText: 'WARN',
      Attributes: { 'error.type': 'bad_cidr', 'couic.report.text': quarantinedEvent().text },
    });
  });

  test('keeps the query that the endpoint has, and shows neither it nor the path', async () => {
    const { server, sink } = await start({}, [items(created)], '/token-in-path?key=secret');
    await sink.send(some(1), never);
    expect(server.requests[0]!.url).toMatch(/^\/token-in-path\/_bulk\?key=secret&filter_path=/);
    expect(sink.shown).not.toMatch(/token-in-path|secret/);
  });
});

describe('items are judged one by one', () => {
  test('a conflict is an event that is there: taken, and counted', async () => {
    const conflict = failed(409, 'version_conflict_engine_exception');
    const { sink, known } = await start({}, [items(conflict, created, conflict)]);
    expect(await sink.send(some(3), never)).toEqual({ refused: [] });
    expect(known()).toBe(2);
  });

  test('a document that is refused goes aside, and its value is not repeated', async () => {
    const reason =
      "failed to parse field [couic.rule.network] of type [ip] in document with id 'e-1'. Preview of field's value: '192.0.2.1/32'";
    const { sink } = await start({}, [items(created, failed(400, 'mapper_parsing_exception', reason))]);
    const outcome = await sink.send(some(2), never);
    expect(outcome).toEqual({
      refused: [
        {
          event: expect.objectContaining({ id: 'e-1' }),
          reason: 'mapper_parsing_exception (status 400), field couic.rule.network of type ip',
        },
      ],
    });
  });

  test.each([
    [
      'names of whoever made the rule',
      '[couic.metadata.extra.10.0.0.1] of type [long]',
      ', field couic.metadata.extra of type long',
    ],
    ['one without digits', '[couic.metadata.extra.alice] of type [long]', ', field couic.metadata.extra of type long'],
    ['an address', '[10.0.0.1] of type [long]', ''],
  ])('no field is named by %s', async (_, reason, shown) => {
    const { sink } = await start({}, [
      items(failed(400, 'mapper_parsing_exception', `failed to parse field ${reason}`)),
    ]);
    const outcome = await sink.send(some(1), never);
    expect(outcome).toMatchObject({ refused: [{ reason: `mapper_parsing_exception (status 400)${shown}` }] });
  });

  test.each([
    [429, 'es_rejected_execution_exception', 'rejected execution'],
    [429, 'cluster_block_exception', 'index [i] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage]'],
    [403, 'cluster_block_exception', 'index [i] blocked by: [FORBIDDEN/8/index write (api)]'],
    [403, 'security_exception', 'unauthorized'],
    [404, 'index_not_found_exception', 'no such index'],
    [400, 'index_closed_exception', 'it was closed'],
    [400, 'illegal_argument_exception', 'pipeline with id [x] does not exist'],
    [
      400,
      'validation_exception',
      'this action would add [2] shards, but this cluster currently has [1000]/[1000] maximum normal shards open;',
    ],
    [503, 'unavailable_shards_exception', 'timeout'],
    [500, 'exception', 'any words'],
  ])('%s %s is of the index or the cluster: again', async (status, type, reason) => {
    const { sink } = await start({}, [items(created, failed(status, type, reason))]);
    const outcome = await sink.send(some(2), never);
    expect(outcome).toMatchObject({
      refused: [],
      again: [{ id: 'e-1' }],
      failure: { reason: `status_${status}`, message: expect.stringContaining(`did not take 1 of 2 events: ${type}`) },
    });
    expect(JSON.stringify(outcome)).not.toContain(reason);
  });

  test('an answer for another number of events is none', async () => {
    const { sink } = await start({}, [items(created)]);
    expect(await sink.send(some(2), never)).toMatchObject({ reason: 'protocol' });
  });

  test.each(['<html>', '{}', '{"items":[{"create":{"status":201}}', '{"errors":false}', '{"items":[{}]}', '[]'])(
    'nor is %s',
    async (body) => {
      const { sink } = await start({}, [{ status: 200, body }]);
      expect(await sink.send(some(1), never)).toMatchObject({ reason: 'protocol' });
    },
  );
});

describe('a whole request that is refused', () => {
  test.each([
    [401, 'check user and password'],
    [403, 'privileges create_doc'],
    [404, 'check endpoint and its path'],
    [406, 'is it an Elasticsearch from 7.17'],
    [302, 'redirects are not followed'],
    [429, 'is asked again later'],
    [503, 'answered 503'],
  ])('%s keeps all, and says what to do', async (status, advice) => {
    const { sink, server } = await start({}, [
      { status, headers: { 'retry-after': '7' }, body: '{"error":"192.0.2.1"}' },
    ]);
    const outcome = await sink.send(some(2), never);
    expect(outcome).toEqual({
      reason: `status_${status}`,
      message: expect.stringContaining(advice),
      retryAfter: 7000,
    });
    expect(JSON.stringify(outcome)).not.toContain('192.0.2.1');
    expect(server.requests).toHaveLength(1);
  });

  test('413: the batch is divided', async () => {
    const { sink, server } = await start({}, [{ status: 413 }, items(created, created), items(created)]);
    expect(await sink.send(some(3), never)).toEqual({ refused: [] });
    expect(server.requests).toHaveLength(3);
  });

  test('400 for one document: that one is found', async () => {
    const answers = [{ status: 400, body: 'x' }, items(created), { status: 400, body: 'x' }];
    const { sink } = await start({}, answers);
    expect(await sink.send(some(2), never)).toMatchObject({
      refused: [{ event: { id: 'e-1' }, reason: 'status_400' }],
    });
  });
});

describe('several endpoints', () => {
  test('are asked in turn, and one that is not there is passed over', async () => {
    const { server, endpoint } = await start({}, [items(created), items(created)]);
    const config = schema.parse({ endpoints: ['http://127.0.0.1:9', endpoint] });
    const sink = elasticsearchSink(config, { version: '1' });
    ends.push(() => sink.close());
    for (const id of ['a', 'b']) expect(await sink.send([addedEvent({ id })], never)).toEqual({ refused: [] });
    expect(server.requests).toHaveLength(2);
    expect(sink.shown).toBe(`http://127.0.0.1:9, ${endpoint}`);
  });

  test('after a timeout nobody knows what arrived: a failure, and the next one’s turn', async () => {
    const { server: slow, endpoint } = await start({}, ['hang']);
    const other = await start({}, [items(created)]);
    const config = { ...schema.parse({ endpoints: [endpoint, other.endpoint] }), timeout: 200 };
    const sink = elasticsearchSink(config, { version: '1' });
    ends.push(() => sink.close());
    expect(await sink.send(some(1), never)).toMatchObject({ reason: 'timeout' });
    expect([slow.requests.length, other.server.requests.length]).toEqual([1, 0]);
    expect(await sink.send(some(1), never)).toEqual({ refused: [] });
  });

  test('none of which is there: a failure', async () => {
    const sink = elasticsearchSink(schema.parse({ endpoints: ['http://127.0.0.1:9', 'http://127.0.0.1:9'] }), {
      version: '1',
    });
    ends.push(() => sink.close());
    expect(await sink.send(some(1), never)).toMatchObject({ reason: 'connection' });
  });
});

test('an event is as large as its lines', async () => {
  const { sink, server } = await start({ compression: 'none' }, [items(created)]);
  const event = addedEvent({ tag: 'é' });
  await sink.send([event], never);
  expect(sink.sizeOf(event)).toBe(server.requests[0]!.body.length);
});
