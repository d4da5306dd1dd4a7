import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import {
  ChannelCredentials,
  Client,
  type ClientUnaryCall,
  compressionAlgorithms,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from 'vitest';
import { RetryInfoSchema } from '../../../../plugins/receivers/otlp/proto/error_details_pb.ts';
import { ExportMetricsServiceResponseSchema } from '../../../../plugins/receivers/otlp/proto/metrics_service_pb.ts';
import { StatusSchema } from '../../../../plugins/receivers/otlp/proto/status_pb.ts';
import { StorageError } from '../../../../src/log/storage-error.ts';
import { makeAuthority } from '../../../support/certificates.ts';
import { Host } from './harness.ts';
import { counterOf, protobufOf } from './requests.ts';

const PATH = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';
const TOKEN = 'de305d54-75b4-431b-adb2-eb6b9e546014';

let host: Host | undefined;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await host?.end();
  host = undefined;
});

const start = async (grpc: Record<string, unknown> = {}, more: Record<string, unknown> = {}) => {
  host = await new Host({ protocols: { grpc: { endpoint: '127.0.0.1:0', ...grpc } }, ...more }).start();
  return host;
};

function newClient(credentials = ChannelCredentials.createInsecure(), options = {}): Client {
  const { port } = host!.receiver.endpoints.grpc!;
  const client = new Client(`127.0.0.1:${port}`, credentials, options);
  clients.push(client);
  return client;
}

interface Answer {
  readonly bytes?: Buffer | undefined;
  readonly code?: number;
  readonly details?: string;
  /** Seconds after which to try again, when the error says so. */
  readonly retryAfter?: number | undefined;
}

function send(body: Uint8Array, metadata = new Metadata(), client = newClient()): Promise<Answer> {
  const same = (bytes: Uint8Array) => Buffer.from(bytes);
  return new Promise((resolve) => {
    const answer = (error: ServiceError | null, bytes?: Buffer) => resolve(error ? failure(error) : { bytes });
    const _call: ClientUnaryCall = client.makeUnaryRequest(PATH, same, (bytes) => bytes, body, metadata, answer);
  });
}

function failure({ code, details, metadata }: ServiceError): Answer {
  const [status] = metadata.get('grpc-status-details-bin');
  const [any] = status === undefined ? [] : fromBinary(StatusSchema, status as Buffer).details;
  const info = any && anyUnpack(any, RetryInfoSchema);
  return { code, details, retryAfter: info && Number(info.retryDelay?.seconds) };
}

test('a request is taken, compressed or not, and answered as the specification says', async () => {
  await start({}, { max_series: 2 });
  expect(await send(protobufOf([counterOf([5, 6])]))).toEqual({ bytes: Buffer.alloc(0) });
  const gzip = newClient(undefined, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
  const { bytes } = await send(protobufOf([counterOf([7, 8, 9], { time: 3n })]), new Metadata(), gzip);
  expect(fromBinary(ExportMetricsServiceResponseSchema, bytes!).partialSuccess).toMatchObject({
    rejectedDataPoints: 1n,
    errorMessage: '1 point: as many series are kept as max_series says',
  });
  expect(await host!.totals()).toEqual({ 'a calls 0': 7, 'a calls 1': 8 });
});

describe('a request is refused', () => {
  test('for good, when it is no request or too large', async () => {
    await start({ max_request_body_size: 4096 });
    expect(await send(Buffer.from('hello'))).toMatchObject({
      code: 3,
      details: 'the body is no ExportMetricsServiceRequest in protobuf',
      retryAfter: undefined,
    });
    const large = protobufOf([counterOf(Array.from({ length: 1000 }, () => 1))]);
    expect(await send(large)).toMatchObject({ code: 8, retryAfter: undefined });
    const gzip = newClient(undefined, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip });
    expect(await send(large, new Metadata(), gzip)).toMatchObject({ code: 8 });
    expect(await host!.totals()).toEqual({});
  });

  test('without a token', async () => {
    await start({}, { auth: { tokens: [TOKEN] } });
    const withToken = new Metadata();
    withToken.set('authorization', `Bearer ${TOKEN}`);
    expect(await send(protobufOf([counterOf([5])]))).toMatchObject({ code: 16 });
    expect(await send(protobufOf([counterOf([5])]), withToken)).toEqual({ bytes: Buffer.alloc(0) });
    expect(await host!.context.points('couic.bridge.otlp.refused_requests')).toEqual([
      [{ receiver: 'otlp', reason: 'unauthorized' }, 1],
    ]);
  });

  test('for now, when it could not be written down, or too many are under way', async () => {
    await start({}, { max_concurrent_requests: 1 });
    host!.commit = () => Promise.reject(new StorageError('ERR_STORAGE_COMMIT', 'no space left'));
    const body = protobufOf([counterOf([5])]);
    expect(await send(body)).toMatchObject({ code: 14, retryAfter: 5 });
    let release = () => {};
    host!.commit = () => new Promise((resolve) => (release = resolve));
    const first = send(body);
    await expect.poll(() => release.name).not.toBe('release');
    expect(await send(body)).toMatchObject({ code: 14, retryAfter: 1 });
    release();
    expect(await first).toEqual({ bytes: Buffer.alloc(0) });
    // Who goes away in the middle leaves its place.
    host!.commit = async () => {};
    expect(await send(body)).toEqual({ bytes: Buffer.alloc(0) });
  });
});

test('with a certificate of the authority alone, where that is asked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'otlp-grpc-'));
  try {
    const authority = await makeAuthority();
    const { cert, key } = await authority.issue('bridge');
    const client = await authority.issue('collector');
    const files = { 'ca.pem': authority.cert, 'cert.pem': cert, 'key.pem': key };
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    await start({
      tls: {
        cert_file: join(folder, 'cert.pem'),
        key_file: join(folder, 'key.pem'),
        client_ca_file: join(folder, 'ca.pem'),
      },
    });
    const body = protobufOf([counterOf([5])]);
    const known = ChannelCredentials.createSsl(
      Buffer.from(authority.cert),
      Buffer.from(client.key),
      Buffer.from(client.cert),
    );
    expect(await send(body, new Metadata(), newClient(known))).toEqual({ bytes: Buffer.alloc(0) });
    const unknown = newClient(ChannelCredentials.createSsl(Buffer.from(authority.cert)));
    expect(await send(body, new Metadata(), unknown)).toMatchObject({ code: 14 });
    expect(await send(body)).toMatchObject({ code: 14 });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('a connection more than there may be is closed', async () => {
  await start({ max_connections: 1 });
  const body = protobufOf([counterOf([5])]);
  expect(await send(body, new Metadata(), newClient(undefined, { 'grpc.use_local_subchannel_pool': 1 }))).toEqual({
    bytes: Buffer.alloc(0),
  });
  const other = newClient(undefined, { 'grpc.use_local_subchannel_pool': 1 });
  expect(await send(body, new Metadata(), other)).toMatchObject({ code: 14 });
  expect(await host!.context.points('couic.bridge.otlp.refused_requests')).toContainEqual([
    { receiver: 'otlp', reason: 'connections' },
    expect.any(Number),
  ]);
});
