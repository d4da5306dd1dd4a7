import { gzipSync } from 'node:zlib';
import { fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { afterEach, describe, expect, test } from 'vitest';
import { ExportMetricsServiceResponseSchema } from '../../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';
import { StatusSchema } from '../../../../plugins/receivers/otlp/proto/status_pb.ts';
import { StorageError } from '../../../../src/log/storage-error.ts';
import { rawConnection } from '../../../support/raw-http.ts';
import { Host } from './harness.ts';
import { counterOf, jsonOf, protobufOf } from './requests.ts';

const HTTP = { protocols: { http: { endpoint: '127.0.0.1:0' } } };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };
const TOKEN = 'de305d54-75b4-431b-adb2-eb6b9e546014';

let host: Host | undefined;
afterEach(() => host?.end());

const start = async (config: Record<string, unknown> = HTTP) => {
  host = await new Host(config).start();
  return host;
};

async function post(body: Uint8Array, headers: Record<string, string> = PROTOBUF, url = host!.url) {
  const response = await fetch(url, { method: 'POST', body, headers });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const { status } = response;
  const type = response.headers.get('content-type');
  const message =
    status === 200
      ? undefined
      : type === 'application/json'
        ? fromJsonString(StatusSchema, Buffer.from(bytes).toString())
        : fromBinary(StatusSchema, bytes);
  return {
    status,
    type,
    bytes,
    message: message?.message,
    code: message?.code,
    retryAfter: response.headers.get('retry-after'),
  };
}

describe('a request is taken', () => {
  test('in protobuf, and answered in it with nothing to say', async () => {
    await start();
    expect(await post(protobufOf([counterOf([5, 6])]))).toMatchObject({
      status: 200,
      type: 'application/x-protobuf',
      bytes: new Uint8Array(),
    });
    expect(await host!.totals()).toEqual({ 'a calls 0': 5, 'a calls 1': 6 });
  });

  test('in JSON, and answered in it', async () => {
    const { url } = await start();
    const answer = await post(jsonOf([counterOf([5])]), { 'content-type': 'application/json; charset=utf-8' }, url);
    expect(answer).toMatchObject({ status: 200, type: 'application/json', bytes: new Uint8Array(Buffer.from('{}')) });
    expect(await host!.totals()).toEqual({ 'a calls 0': 5 });
  });

  test('compressed, whatever size its pieces have', async () => {
    await start();
    const many = Array.from({ length: 3000 }, (_, n) => n);
    const body = gzipSync(protobufOf([counterOf(many)]));
    expect(await post(body, { ...PROTOBUF, 'content-encoding': 'gzip' })).toMatchObject({ status: 200 });
    expect(Object.keys(await host!.totals())).toHaveLength(3000);
  });

  test('in part, and the answer says how much is not, and why', async () => {
    await start({ ...HTTP, max_series: 2 });
    const summary = { name: 's', data: { case: 'summary' as const, value: { dataPoints: [{ timeUnixNano: 1n }] } } };
    const { status, bytes } = await post(protobufOf([counterOf([5, 6, 7, -1]), summary]));
    expect(status).toBe(200);
    expect(fromBinary(ExportMetricsServiceResponseSchema, bytes).partialSuccess).toMatchObject({
      rejectedDataPoints: 3n,
      errorMessage:
        '1 point: as many series are kept as max_series says; 1 point: its value is no number, or a counter is below zero; 1 point: summaries are not kept: their quantiles cannot be added up',
    });
    expect(await host!.totals()).toEqual({ 'a calls 0': 5, 'a calls 1': 6 });
    expect(host!.context.messages().at(-1)).toMatch(/^Refused 1 point: as many series .*Raise max_series/);
    expect(await host!.context.points('couic.bridge.otlp.refused_points')).toEqual([
      [{ receiver: 'otlp', reason: 'limit' }, 1],
      [{ receiver: 'otlp', reason: 'value' }, 1],
      [{ receiver: 'otlp', reason: 'summary' }, 1],
    ]);
    expect(await host!.context.points('couic.bridge.otlp.points')).toEqual([[{ receiver: 'otlp' }, 2]]);
    expect(await host!.context.points('couic.bridge.otlp.series')).toEqual([[{ receiver: 'otlp' }, 2]]);
  });
});

describe('a request is refused for good', () => {
  const cut = protobufOf([counterOf([5, 6])]).subarray(0, 30);
  test.each<[number, string, Uint8Array, Record<string, string>]>([
    [400, 'the body is no ExportMetricsServiceRequest in protobuf', cut, PROTOBUF],
    [400, 'the body is no ExportMetricsServiceRequest in JSON', cut, { 'content-type': 'application/json' }],
    [
      400,
      'the body is not what its Content-Type and Content-Encoding say',
      cut,
      { ...PROTOBUF, 'content-encoding': 'gzip' },
    ],
    [
      415,
      'the Content-Type has to be application/x-protobuf or application/json',
      cut,
      { 'content-type': 'text/plain' },
    ],
    [
      415,
      'this Content-Encoding is not known here: see Accept-Encoding',
      cut,
      { ...PROTOBUF, 'content-encoding': 'constructor' },
    ],
    [
      403,
      'requests with an Origin header come from a web page, and a web page has no business here',
      cut,
      { ...PROTOBUF, origin: 'http://example.org' },
    ],
  ])('with %i: %s', async (status, message, body, headers) => {
    await start();
    expect(await post(body, headers)).toMatchObject({ status, message, retryAfter: null });
    expect(await host!.totals()).toEqual({});
  });

  test('when it has more bytes than it may, sent or once decompressed', async () => {
    await start({ protocols: { http: { endpoint: '127.0.0.1:0', max_request_body_size: 4096 } } });
    const large = protobufOf([counterOf(Array.from({ length: 1000 }, () => 1))]);
    expect(await post(large)).toMatchObject({ status: 413, code: 8 });
    const small = gzipSync(large);
    expect(small.length).toBeLessThan(4096);
    expect(await post(small, { ...PROTOBUF, 'content-encoding': 'gzip' })).toMatchObject({ status: 413 });
    expect(await host!.totals()).toEqual({});
    expect(await host!.context.points('couic.bridge.otlp.refused_requests')).toEqual([
      [{ receiver: 'otlp', reason: 'too_large' }, 2],
    ]);
  });

  test('where there is no such path', async () => {
    const { url } = await start();
    const traces = url.replace('metrics', 'traces');
    expect(await post(cut, PROTOBUF, traces)).toMatchObject({
      status: 404,
      message: expect.stringContaining('no place for traces'),
    });
    expect((await fetch(url)).status).toBe(405);
  });
});

describe('a token', () => {
  const config = { ...HTTP, auth: { tokens: [TOKEN, 'another-token-0000000'] } };

  test('is asked for, before a byte of the body is read', async () => {
    await start(config);
    for (const authorization of ['', 'Bearer wrong', `Basic ${TOKEN}`, TOKEN]) {
      expect(
        await post(protobufOf([counterOf([1])]), { ...PROTOBUF, ...(authorization && { authorization }) }),
      ).toMatchObject({ status: 401, code: 16 });
    }
    expect(await host!.totals()).toEqual({});
    expect(host!.context.logText()).not.toContain(TOKEN);
  });

  test('of several lets in', async () => {
    await start(config);
    for (const token of config.auth.tokens)
      expect(await post(protobufOf([counterOf([1])]), { ...PROTOBUF, authorization: `Bearer ${token}` })).toMatchObject(
        { status: 200 },
      );
  });
});

describe('a request is to be sent again', () => {
  test('when it could not be written down, and then counts once', async () => {
    await start();
    host!.commit = () => Promise.reject(new StorageError('ERR_STORAGE_COMMIT', 'no space left'));
    const body = protobufOf([counterOf([5])]);
    expect(await post(body)).toMatchObject({ status: 503, code: 14, retryAfter: '5' });
    host!.commit = async () => {};
    expect(await post(body)).toMatchObject({ status: 200 });
    expect(await host!.totals()).toEqual({ 'a calls 0': 5 });
  });

  test('when as many are under way as may be', async () => {
    await start({ ...HTTP, max_concurrent_requests: 1 });
    let release = () => {};
    host!.commit = () => new Promise((resolve) => (release = resolve));
    const first = post(protobufOf([counterOf([5])]));
    await expect.poll(() => release.name).not.toBe('release');
    expect(await post(protobufOf([counterOf([6])]))).toMatchObject({ status: 503, retryAfter: '1' });
    release();
    expect(await first).toMatchObject({ status: 200 });
  });
});

test('a body that does not come is given up, and one whose sender goes is no failure', async () => {
  await start({ protocols: { http: { endpoint: '127.0.0.1:0', read_timeout: '50ms' } } });
  const head =
    'POST /v1/metrics HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100\r\n\r\nabc';
  const { port } = host!.receiver.endpoints.http!;
  const slow = await rawConnection(port);
  slow.write(head);
  expect(await slow.until('HTTP/1.1')).toContain('HTTP/1.1 408 ');
  slow.socket.destroy();
  const gone = await rawConnection(port);
  gone.write(head);
  gone.socket.destroy();
  expect(await post(protobufOf([counterOf([1])]))).toMatchObject({ status: 200 });
  expect(await host!.context.points('couic.bridge.otlp.refused_requests')).toEqual([
    [{ receiver: 'otlp', reason: 'stalled' }, 1],
  ]);
});
