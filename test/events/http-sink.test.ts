import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { type HttpEventProtocol, HttpSink, statusFailure } from '../../src/events/http-sink.ts';
import { encodedOnce } from '../../src/events/in-parts.ts';
import { makeAuthority } from '../support/certificates.ts';
import { MetricsSink } from '../support/metrics-sink.ts';
import { addedEvent } from '../support/sample-events.ts';

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const never = new AbortController().signal;
const some = (count: number) => Array.from({ length: count }, (_, index) => addedEvent({ id: `e-${index}` }));

async function server(...answers: MetricsSink['answers']) {
  const server = new MetricsSink();
  server.answers.push(...answers);
  const endpoint = await server.open();
  ends.push(() => server.close());
  return { endpoint, requests: server.requests };
}

/** Ids, one a line; a 200 takes them. */
function sinkFor(
  endpoints: readonly string[],
  protocol: Partial<HttpEventProtocol> = {},
  config: Partial<ConstructorParameters<typeof HttpSink>[1]> = {},
) {
  const sink = new HttpSink(
    '1.2.3',
    { headers: {}, timeout: 5000, ...config },
    {
      targets: endpoints.map((endpoint) => ({ url: `${endpoint}/in?key=secret` })),
      headers: { 'content-type': 'text/plain' },
      gzip: false,
      mostBytes: 1000,
      encoded: encodedOnce(({ id }) => `${id}\n`),
      body: (events) => events.map(({ text }) => text).join(''),
      judge: (answer, events, shown) =>
        answer.status === 200 ? {} : statusFailure(answer, `${shown} answered ${answer.status} to ${events.length}`),
      ...protocol,
    },
  );
  ends.push(() => sink.close());
  return sink;
}

test('posts the events with the headers of the configuration, and those of the protocol above them', async () => {
  const { endpoint, requests } = await server();
  const headers = { 'X-Key': 'a', 'User-Agent': 'mine', 'Content-Type': 'b' };
  expect(await sinkFor([endpoint], {}, { headers }).send(some(2), never)).toEqual({ refused: [] });
  expect(requests).toMatchObject([
    { url: '/in?key=secret', headers: { 'x-key': 'a', 'user-agent': 'mine', 'content-type': 'text/plain' } },
  ]);
  expect(requests[0]!.body.toString()).toBe('e-0\ne-1\n');
  expect(requests[0]!.headers).not.toHaveProperty('content-encoding');
});

test('says who it is, and compresses', async () => {
  const { endpoint, requests } = await server();
  await sinkFor([endpoint], { gzip: true }).send(some(2), never);
  const [{ headers, body }] = requests as [(typeof requests)[0]];
  expect(headers).toMatchObject({ 'user-agent': 'couic-otel-bridge/1.2.3', 'content-encoding': 'gzip' });
  expect(gunzipSync(body).toString()).toBe('e-0\ne-1\n');
});

test('in as many requests as their size makes of it, of which each is judged by itself', async () => {
  const { endpoint, requests } = await server({ status: 200 }, { status: 503, headers: { 'retry-after': '7' } });
  const sink = sinkFor([endpoint], { mostBytes: 8 });
  const events = some(5);
  expect(sink.sizeOf(events[0]!)).toBe(4);
  expect(await sink.send(events, never)).toEqual({
    refused: [],
    again: events.slice(2),
    failure: { reason: 'status_503', message: `${sink.shown} answered 503 to 2`, retryAfter: 7000 },
  });
  expect(requests).toHaveLength(2);
});

test('reads as much of an answer as the protocol says', async () => {
  const { endpoint } = await server({ status: 200, body: 'x'.repeat(100) });
  const read: number[] = [];
  const sink = sinkFor([endpoint], {
    answerBounds: (events) => ({ most: 10 * events, patience: 5000 }),
    judge({ body }) {
      read.push(body.length);
      return {};
    },
  });
  await sink.send(some(3), never);
  expect(read).toEqual([30]);
});

test('shows no query; several by all of them, each by its own name', async () => {
  const shown = { url: 'https://b.example/other/path', shown: 'b' };
  const sink = sinkFor([], { targets: [{ url: 'https://a.example/v1/logs?key=secret' }, shown] });
  expect(sink.shown).toBe('https://a.example/v1/logs, b');
});

test('no answer in time is a failure, and no other is asked: nobody knows whether it arrived', async () => {
  const [slow, other] = [await server('hang'), await server()];
  const sink = sinkFor([slow.endpoint, other.endpoint], {}, { timeout: 50 });
  expect(await sink.send(some(1), never)).toEqual({
    reason: 'timeout',
    message: expect.stringContaining('did not answer within 50 ms'),
  });
  expect(other.requests).toEqual([]);
});

test('one batch at a time, unless the protocol says that several may be under way', () => {
  expect([sinkFor([]).parallel, sinkFor([], { parallel: 4 }).parallel]).toEqual([1, 4]);
});

/** What speaks no HTTP. */
async function babbler(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.resume().end('220 mail.example\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.each([
  ['connection', async () => 'http://127.0.0.1:9'],
  ['tls', async () => (await server()).endpoint.replace('http:', 'https:')],
  ['protocol', babbler],
])('of several, the next is asked at once in place of one that has a trouble of its own: %s', async (reason, start) => {
  const [troubled, { endpoint, requests }] = [await start(), await server()];
  expect(await sinkFor([troubled]).send(some(1), never)).toMatchObject({ reason });
  expect(await sinkFor([troubled, endpoint]).send(some(1), never)).toEqual({ refused: [] });
  expect(requests).toHaveLength(1);
  expect(await sinkFor([troubled, troubled]).send(some(1), never)).toMatchObject({ reason });
});

test('of several, none is asked once sending was ended', async () => {
  const [one, other] = [await server('hang'), await server('hang')];
  const end = new AbortController();
  const sent = sinkFor([one.endpoint, other.endpoint]).send(some(1), end.signal);
  await expect.poll(() => one.requests.length).toBe(1);
  end.abort();
  expect(await sent).toMatchObject({ message: expect.stringContaining(one.endpoint) });
  expect(other.requests).toEqual([]);
});

test('over TLS, as tls has it', async () => {
  const { key, cert } = await (await makeAuthority()).issue('siem');
  const secure = createSecureServer({ key, cert }, (_request, response) => response.end());
  await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
  ends.push(() => new Promise((resolve) => secure.close(resolve)));
  const endpoint = `https://127.0.0.1:${(secure.address() as AddressInfo).port}`;
  const tls = { min_version: '1.2', insecure_skip_verify: true } as const;
  expect(await sinkFor([endpoint], {}, { tls }).send(some(1), never)).toEqual({ refused: [] });
  expect(await sinkFor([endpoint]).send(some(1), never)).toMatchObject({ reason: 'tls' });
});

test('does not open with a file of tls that is not there', async () => {
  const tls = { ca_file: '/gone.pem', min_version: '1.2', insecure_skip_verify: false } as const;
  await expect(sinkFor(['https://127.0.0.1:9'], {}, { tls }).open()).rejects.toThrow(
    'tls.ca_file: cannot read /gone.pem',
  );
});

test('closed, it sends nothing', async () => {
  const { endpoint, requests } = await server();
  const sink = sinkFor([endpoint]);
  await sink.send(some(1), never);
  await sink.close();
  expect(await sink.send(some(1), never)).toHaveProperty('reason');
  expect(requests).toHaveLength(1);
});
