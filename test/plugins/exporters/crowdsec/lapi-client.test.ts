import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, type MockInstance, vi } from 'vitest';
import { LapiClient, type LapiClientOptions } from '../../../../plugins/exporters/crowdsec/lapi-client.ts';
import { loadClientTls, tlsClientSchema } from '../../../../src/config/tls.ts';
import { type Authority, makeAuthority } from '../../../support/certificates.ts';
import { type LapiOptions, LapiServer } from '../../../support/lapi/server.ts';

const BODY = JSON.stringify({
  remediation_components: [{ version: '1', utc_startup_timestamp: 1, metrics: [] }],
});

type Lookup = (
  host: string,
  options: { family: number; all: boolean },
  found: (error: null, address: unknown, family?: number) => void,
) => void;

let lapi: LapiServer;
let client: LapiClient;
afterEach(async () => {
  vi.restoreAllMocks();
  await client.close();
  await lapi.stop();
});

async function connect(server: LapiOptions = {}, options: Partial<LapiClientOptions> = {}) {
  lapi = await new LapiServer(server).start();
  client = new LapiClient({
    endpoint: lapi.url,
    apiKey: 'test-key',
    timeout: 5000,
    userAgent: 'couic-otel-bridge/1.2.3',
    ...options,
  });
  return client;
}

it('hands a window over with the key and one slash in the User-Agent', async () => {
  await connect();
  expect(await client.push(BODY)).toEqual({ kind: 'success' });
  expect(lapi.requests[0]).toMatchObject({
    method: 'POST',
    url: '/v1/usage-metrics',
    body: BODY,
    headers: { 'x-api-key': 'test-key', 'user-agent': 'couic-otel-bridge/1.2.3', 'content-type': 'application/json' },
  });
});

it("tells LAPI's time with each answer, whatever the answer is", async () => {
  const told: number[] = [];
  await connect({ now: () => 1_704_067_300_900 }, { onDate: (time) => told.push(time) });
  await client.push(BODY);
  await client.push('[');
  expect(told).toEqual([1_704_067_300_000, 1_704_067_300_000]);
});

it('puts the path of a proxy before that of the call', async () => {
  await connect();
  const other = new LapiClient({ endpoint: `${lapi.url}/crowdsec/`, timeout: 5000, userAgent: 'a/b' });
  await other.push(BODY);
  await other.close();
  expect(lapi.requests[0]!.url).toBe('/crowdsec/v1/usage-metrics');
  expect(lapi.requests[0]!.headers).not.toHaveProperty('x-api-key');
});

it('sets the last pull with a heartbeat, and not with a window', async () => {
  await connect();
  await client.push(BODY);
  expect(lapi.bouncers.lastPull('bridge')).toBeUndefined();
  expect(await client.pull()).toEqual({ kind: 'success' });
  expect(lapi.bouncers.lastPull('bridge')).toBeTypeOf('number');
});

it('says what to do when nobody listens', async () => {
  await connect();
  await lapi.stop();
  expect(await client.push(BODY)).toEqual({
    kind: 'retryable',
    reason: 'connection',
    message: expect.stringMatching(
      /is not reached: .*ECONNREFUSED.*: is LAPI running, and does its api\.server\.listen_uri allow this host\?$/,
    ),
  });
});

it('gives up a server that takes the connection and says nothing', async () => {
  await connect();
  const mute = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => mute.once('listening', resolve));
  const { port } = mute.address() as { port: number };
  const slow = new LapiClient({ endpoint: `http://127.0.0.1:${port}`, timeout: 50, userAgent: 'a/b' });
  expect(await slow.push(BODY)).toMatchObject({ kind: 'retryable', reason: 'timeout' });
  await slow.close();
  mute.close();
});

describe('who LAPI takes us for', () => {
  it('connects by one family though the name has two', async () => {
    await connect({ host: '::' });
    const { port } = new URL(lapi.url);
    const lookup = vi.spyOn(dns, 'lookup') as unknown as MockInstance<Lookup>;
    lookup.mockImplementation((_, { family, all }, found) => {
      const address = family === 6 ? '::1' : '127.0.0.1';
      if (all) found(null, [{ address, family }]);
      else found(null, address, family);
    });
    const endpoint = `http://lapi.example:${port}`;
    const ways = [{}, { addressFamily: 'ipv6' }, { localAddress: '127.0.0.9' }, { localAddress: '::1' }] as const;
    for (const way of ways) {
      const named = new LapiClient({ endpoint, timeout: 5000, userAgent: 'a/b', ...way });
      await named.push(BODY);
      await named.close();
    }
    expect(lapi.requests.map(({ from }) => from)).toEqual(['::ffff:127.0.0.1', '::1', '::ffff:127.0.0.9', '::1']);
    expect(lookup.mock.calls.map(([, { family }]) => family)).toEqual([4, 6, 4, 6]);
  });

  it('connects from local_address', async () => {
    await connect({}, { localAddress: '127.0.0.9' });
    await client.push(BODY);
    expect(lapi.requests[0]!.from).toBe('127.0.0.9');
  });
});

describe('TLS', () => {
  let directory: string;
  let authority: Authority;
  let server: { key: string; cert: string };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lapi-client-'));
    authority = await makeAuthority();
    server = await authority.issue('lapi');
    await writeFile(join(directory, 'ca.pem'), authority.cert);
  });
  afterAll(() => rm(directory, { recursive: true }));

  const tlsOf = (options: object) => () => loadClientTls(tlsClientSchema.parse(options));

  it('needs the authority of the server, and says so', async () => {
    await connect({ tls: server }, { tls: tlsOf({}) });
    expect(await client.push(BODY)).toMatchObject({
      kind: 'retryable',
      reason: 'tls',
      message: expect.stringContaining('check tls.ca_file'),
    });
    await client.close();
    await lapi.stop();
    await connect({ tls: server }, { tls: tlsOf({ ca_file: join(directory, 'ca.pem') }) });
    expect(await client.push(BODY)).toEqual({ kind: 'success' });
  });

  it('shows a client certificate in place of a key, and takes up a renewed one with the next connection', async () => {
    const files = { cert_file: join(directory, 'cert.pem'), key_file: join(directory, 'key.pem') };
    const install = async (name: string) => {
      const { cert, key } = await authority.issue(name, { unit: 'bouncer-ou' });
      await writeFile(files.cert_file, cert);
      await writeFile(files.key_file, key);
    };
    await install('first');
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    await connect({ tls }, { apiKey: '', tls: tlsOf({ ca_file: join(directory, 'ca.pem'), ...files }) });
    expect(await client.push(BODY)).toEqual({ kind: 'success' });
    await install('second');
    lapi.faults.push({ kind: 'reset' });
    await client.push(BODY);
    expect(await client.push(BODY)).toEqual({ kind: 'success' });
    expect(lapi.pushes.map(({ bouncer }) => bouncer)).toEqual(['first@127.0.0.1', 'second@127.0.0.1']);
  });

  it.each([
    [
      '',
      /\(access forbidden\): LAPI does not take the client certificate: its OU has to be in .*allowed_ou, its authority in .*ca_cert_path, .*LAPI's log says which$/,
    ],
    ['test-key', /LAPI's log says which\. With a certificate it does not look at the key: /],
  ])('says what LAPI may not like of a certificate, with the key "%s" too', async (apiKey, message) => {
    const { cert, key } = await authority.issue('bridge', { unit: 'other-ou' });
    const tls = { ...server, ca: authority.cert, requestCert: true, rejectUnauthorized: false };
    await connect({ tls }, { apiKey, tls: { ca: authority.cert, cert, key } });
    expect(await client.push(BODY)).toMatchObject({ reason: 'status_403', message: expect.stringMatching(message) });
  });

  it('waits when a file cannot be read, and names it', async () => {
    await connect({ tls: server }, { tls: tlsOf({ ca_file: '/nowhere/ca.pem' }) });
    expect(await client.push(BODY)).toMatchObject({
      kind: 'retryable',
      message: expect.stringContaining('tls.ca_file: cannot read /nowhere/ca.pem'),
    });
  });
});

it('reaches a LAPI on a Unix socket, and says what to look at where there is none', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lapi-'));
  const path = join(directory, 'crowdsec.sock');
  await connect({ path }, { endpoint: `unix://${path}` });
  expect(await client.push(BODY)).toEqual({ kind: 'success' });
  expect(lapi.pushes[0]?.bouncer).toBe('bridge');
  await lapi.stop();
  await client.close();
  client = new LapiClient({ endpoint: `unix://${path}`, apiKey: 'k', timeout: 1000, userAgent: 'a/1' });
  expect(await client.push(BODY)).toMatchObject({
    reason: 'no_socket',
    message: `there is no socket at ${path}: is LAPI running, and is this its api.server.listen_socket?`,
  });
  await rm(directory, { recursive: true });
});

describe('what stands there is told as what it is', () => {
  const answering = async (head: string, endpoint = '') => {
    lapi = await new LapiServer().start();
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(head));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    client = new LapiClient({
      endpoint: `http://127.0.0.1:${port}${endpoint}`,
      apiKey: 'k',
      timeout: 5000,
      userAgent: 'a/1',
    });
    const outcome = await client.push(BODY);
    server.close();
    return 'message' in outcome ? outcome.message : outcome.kind;
  };
  const page = (status: string, type: string, body: string) =>
    `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
  // As LAPI says it.
  const own = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

  it.each([
    // As Go's server says it.
    [
      'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n',
      '',
      'write https:// in endpoint',
    ],
    [
      page('400 Bad Request', 'text/html', 'The plain HTTP request was sent to HTTPS port'),
      '',
      'write https:// in endpoint',
    ],
    [page('404 Not Found', 'text/html', '<h1>Not Found</h1>'), '/crowdsec', 'endpoint has to have the prefix'],
    [own, '/crowdsec', 'may not take the prefix away'],
    [own, '', 'usage metrics need CrowdSec 1.6.3 or newer'],
  ])('%j at "%s"', async (head, endpoint, message) => {
    expect(await answering(head, endpoint)).toContain(message);
  });

  it('a key that is not known', async () => {
    const forbidden = page('403 Forbidden', 'application/json', '{"message":"access forbidden"}');
    expect(await answering(forbidden)).toContain('LAPI does not know the key');
  });
});
