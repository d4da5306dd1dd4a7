import { afterEach, expect, test } from 'vitest';
import { StreamClient, type StreamClientOptions } from '../../src/delivery/stream-client.ts';
import { makeAuthority } from '../support/certificates.ts';
import { until } from '../support/fake-time.ts';
import { freePort } from '../support/free-port.ts';
import { StreamServer } from '../support/stream-server.ts';

const never = new AbortController().signal;
const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serving(server = new StreamServer()) {
  ends.push(() => server.kill());
  return { server, port: await server.open() };
}

function client(port: number, options: Partial<StreamClientOptions> = {}) {
  const breaks: number[] = [];
  const made = new StreamClient({
    host: '127.0.0.1',
    port,
    timeout: 10_000,
    shown: 'tcp://there',
    onBreak: () => breaks.push(1),
    ...options,
  });
  ends.push(() => made.close(AbortSignal.abort()));
  return { client: made, breaks };
}

test('writes in order, and closes when all of it is sent', async () => {
  const { server, port } = await serving();
  const { client: writer, breaks } = client(port);
  expect(await writer.connect(never)).toBeUndefined();
  const large = Buffer.alloc(1_000_000, 'x');
  expect(await writer.write(Buffer.from('a'), never)).toBeUndefined();
  expect(await writer.write(large, never)).toBeUndefined();
  await writer.close();
  await until(() => server.text.length === 1_000_001);
  expect(server.text.startsWith('ax')).toBe(true);
  expect(breaks).toEqual([]);
});

test('nobody there', async () => {
  const port = await freePort();
  const { client: writer, breaks } = client(port);
  expect(await writer.connect(never)).toMatchObject({
    reason: 'connection',
    message: expect.stringContaining('tcp://there is not reached'),
  });
  expect(await writer.write(Buffer.from('a'), never)).toMatchObject({ reason: 'connection' });
  expect(breaks).toEqual([]);
});

test('a break is noticed though nothing is written, and it connects again', async () => {
  const { server, port } = await serving();
  const { client: writer, breaks } = client(port);
  await writer.connect(never);
  await until(() => server.sockets.length === 1);
  server.sockets[0]!.end();
  await until(() => breaks.length === 1);
  expect(writer.isConnected).toBe(false);
  expect(await writer.connect(never)).toBeUndefined();
  expect(await writer.write(Buffer.from('a'), never)).toBeUndefined();
  await until(() => server.text === 'a');
});

test('one that takes no more is given up after the timeout, and does not fill the memory', async () => {
  const server = new StreamServer();
  server.reading = false;
  const { port } = await serving(server);
  const { client: writer, breaks } = client(port, { timeout: 50 });
  await writer.connect(never);
  expect(await writer.write(Buffer.alloc(64 * 1_048_576), never)).toMatchObject({
    reason: 'timeout',
    message: 'tcp://there did not answer within 50 ms',
  });
  expect(breaks).toEqual([1]);
});

test('a signal ends it', async () => {
  const server = new StreamServer();
  server.reading = false;
  const { port } = await serving(server);
  const { client: writer } = client(port);
  await writer.connect(never);
  const end = new AbortController();
  const written = writer.write(Buffer.alloc(64 * 1_048_576), end.signal);
  end.abort();
  expect(await written).toMatchObject({ kind: 'retryable', reason: 'connection' });
});

test('TLS: the certificate is checked, by the name of the host', async () => {
  const authority = await makeAuthority();
  const { server, port } = await serving(new StreamServer(await authority.issue('syslog.example')));
  const tls = (ca: string) => async () => ({ ca, rejectUnauthorized: true });
  const other = await makeAuthority('Other');
  expect(await client(port, { tls: tls(other.cert) }).client.connect(never)).toMatchObject({ reason: 'tls' });
  const { client: writer } = client(port, { tls: tls(authority.cert) });
  expect(await writer.connect(never)).toBeUndefined();
  await writer.write(Buffer.from('secret'), never);
  await until(() => server.text === 'secret');
});
