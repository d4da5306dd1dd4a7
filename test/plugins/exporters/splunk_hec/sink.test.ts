import { afterEach, describe, expect, test } from 'vitest';
import { schema } from '../../../../plugins/exporters/splunk_hec/config.ts';
import { splunkHecSink } from '../../../../plugins/exporters/splunk_hec/sink.ts';
import { MetricsSink, type SinkAnswer } from '../../../support/metrics-sink.ts';
import { addedEvent, quarantinedEvent } from '../../../support/sample-events.ts';
import { SplunkHec } from '../../../support/splunk-hec/server.ts';

const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const TOKEN = '12345678-1234-1234-1234-1234567890ab';
const some = (count: number) => Array.from({ length: count }, (_, index) => addedEvent({ id: `e-${index}` }));

function sinkFor(endpoint: string, options: Record<string, unknown> = {}) {
  const sink = splunkHecSink(schema.parse({ endpoint, token: TOKEN, ...options }), '1.2.3');
  ends.push(() => sink.close());
  return sink;
}

async function start(options: Record<string, unknown> = {}) {
  const splunk = new SplunkHec({ [TOKEN]: { indexes: ['main', 'security'] } });
  const endpoint = await splunk.open();
  ends.push(() => splunk.close());
  return { splunk, endpoint, sink: sinkFor(endpoint, options) };
}

const ids = ({ indexed }: SplunkHec) => indexed.map(({ event }) => (event as { id: string }).id);

test('an event arrives with its time, its Couic as host, and the words to find it by', async () => {
  const { splunk, sink } = await start({ index: 'security' });
  expect(await sink.send([addedEvent()], never)).toEqual({ refused: [] });
  expect(splunk.indexed).toEqual([
    {
      time: 1795687200,
      host: 'paris',
      source: 'couic-otel-bridge',
      sourcetype: 'couic:event',
      index: 'security',
      event: expect.objectContaining({
        id: addedEvent().id,
        name: 'couic.rule.added',
        address: '192.0.2.1',
        tag: 'ssh-bruteforce',
        metadata: {
          kind: 'automated',
          detail: 'Repeated connection attempts',
          extra: { attempts: 156, scan_type: 'SYN' },
        },
        message: expect.stringContaining('Repeated connection attempts'),
      }),
    },
  ]);
  expect(splunk.requests[0]).toMatchObject({
    url: '/services/collector',
    headers: {
      authorization: `Splunk ${TOKEN}`,
      'content-encoding': 'gzip',
      __splunk_app_name: 'couic-otel-bridge',
      __splunk_app_version: '1.2.3',
    },
  });
});

test('in one request, and in several when they are larger than one may be', async () => {
  const { splunk, sink } = await start({ max_content_length_logs: 2500, disable_compression: true });
  expect(await sink.send([...some(10), quarantinedEvent()], never)).toEqual({ refused: [] });
  expect(splunk.indexed).toHaveLength(11);
  expect(splunk.requests.length).toBeGreaterThan(3);
  for (const { bytes, headers } of splunk.requests) {
    expect(bytes).toBeLessThanOrEqual(2600);
    expect(headers).not.toHaveProperty('content-encoding');
  }
});

test('a time is never one that Splunk cannot read', async () => {
  const { splunk, sink } = await start();
  const times = [0, 1, -1, -62_135_596_800_000, 2 ** 53, 8.64e15, Number.NaN, 1795687200123.7];
  expect(
    await sink.send(
      times.map((time, index) => addedEvent({ id: `t-${index}`, time })),
      never,
    ),
  ).toEqual({ refused: [] });
  const observed = 1795687200.25;
  expect(splunk.indexed.map(({ time }) => time)).toEqual([
    0,
    0.001,
    observed,
    observed,
    observed,
    observed,
    observed,
    1795687200.124,
  ]);
});

test('the path of an endpoint is kept', async () => {
  const { splunk, endpoint } = await start();
  await sinkFor(`${endpoint}/services/collector/event`).send(some(1), never);
  expect(splunk.requests[0]!.url).toBe('/services/collector/event');
});

describe('what is refused', () => {
  test.each([
    ['a token that is not known', { token: 'other' }, 'status_403', 'code 4: it does not know the token: check token'],
    [
      'an index that is not there',
      { index: 'nowhere' },
      'status_400',
      'code 7: the token may not write into that index',
    ],
  ])('%s: everything is kept', async (_, options, reason, advice) => {
    const { splunk, sink } = await start(options);
    expect(await sink.send(some(3), never)).toEqual({ reason, message: expect.stringContaining(advice) });
    expect(splunk.indexed).toEqual([]);
    expect(splunk.requests).toHaveLength(1);
  });

  test.each([
    [{ indexes: ['main'], disabled: true }, 'status_403', 'code 1: the token is disabled'],
    [{ indexes: ['main'], useAck: true }, 'status_400', 'code 10: the token wants indexer acknowledgment'],
  ])('a token that is %j: everything is kept', async (token, reason, advice) => {
    const { splunk, sink } = await start();
    splunk.tokens.set(TOKEN, token);
    expect(await sink.send(some(3), never)).toEqual({ reason, message: expect.stringContaining(advice) });
  });

  test('a busy server: everything is kept, and arrives later', async () => {
    const { splunk, sink } = await start();
    splunk.busy = 1;
    const events = some(3);
    expect(await sink.send(events, never)).toMatchObject({ reason: 'status_503' });
    expect(await sink.send(events, never)).toEqual({ refused: [] });
    expect(ids(splunk)).toEqual(['e-0', 'e-1', 'e-2']);
  });

  test('a request that is too large: it is divided', async () => {
    const { splunk, sink } = await start();
    splunk.maxContentLength = 2500;
    expect(await sink.send(some(8), never)).toEqual({ refused: [] });
    expect(ids(splunk)).toHaveLength(8);
  });
});

describe('an answer', () => {
  const answered = async (answer: SinkAnswer) => {
    const server = new MetricsSink();
    server.answers.push(answer);
    const endpoint = await server.open();
    ends.push(() => server.close());
    return sinkFor(endpoint).send(some(1), never);
  };
  const hec = (status: number, code: number) => ({ status, body: JSON.stringify({ text: '192.0.2.1', code }) });

  test.each([
    [hec(500, 8), 'status_500'],
    [hec(503, 18), 'status_503'],
    [hec(503, 23), 'status_503'],
    [hec(401, 2), 'status_401'],
    [hec(400, 6), 'status_400'],
    [hec(400, 99), 'status_400'],
    [{ status: 404 }, 'status_404'],
    [{ status: 302 }, 'status_302'],
    [{ status: 429 }, 'status_429'],
    [{ status: 200, body: '<html>welcome</html>' }, 'protocol'],
    [{ status: 200, body: '' }, 'protocol'],
    [{ status: 200, body: '{"text":"HEC is healthy","code":17}' }, 'protocol'],
  ])('%j is no success, and its words are not repeated', async (answer, reason) => {
    const outcome = await answered(answer as SinkAnswer);
    expect(outcome).toMatchObject({ reason });
    expect(JSON.stringify(outcome)).not.toMatch(/192\.0\.2\.1|welcome|12345678/);
  });

  test('names the event that it was refused for: that one is set aside, and the others arrive', async () => {
    const server = new MetricsSink();
    const ok = { status: 200, body: '{"text":"Success","code":0}' };
    const refusal = (at: number) => ({
      status: 400,
      body: JSON.stringify({ text: 'Invalid data format', code: 6, 'invalid-event-number': at }),
    });
    server.answers.push(refusal(2), ok, refusal(0), ok);
    ends.push(() => server.close());
    const sink = sinkFor(await server.open());
    expect(await sink.send(some(5), never)).toMatchObject({
      refused: [{ event: { id: 'e-2' }, reason: 'status_400' }],
    });
    expect(server.requests).toHaveLength(4);
  });
});

test('defaults, and what is not valid', () => {
  const endpoint = 'https://splunk.example:8088';
  expect(schema.parse({ endpoint, token: TOKEN })).toMatchObject({
    timeout: 10_000,
    max_content_length_logs: 2_097_152,
    disable_compression: false,
  });
  for (const options of [
    { token: 'Splunk x' },
    { token: '' },
    { headers: { Authorization: 'x' } },
    { addresses: 'hmac' },
  ])
    expect(schema.safeParse({ endpoint, token: TOKEN, ...options }).success).toBe(false);
});
