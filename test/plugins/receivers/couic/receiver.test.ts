import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../../../plugins/receivers/couic/config.ts';
import { couicReceiver } from '../../../../plugins/receivers/couic/factory.ts';
import { CouicReceiver } from '../../../../plugins/receivers/couic/receiver.ts';
import { deferred } from '../../../support/deferred.ts';
import { FakeLedger } from '../../../support/fake-ledger.ts';
import { postHead, rawConnection } from '../../../support/raw-http.ts';
import { receiverContext } from '../../../support/receiver-context.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const PATH = `/v1/reports/${TOKEN}`;
const REPORT =
  '{"action":"add","policy":"drop","entry":{"creation":1,"cidr":"1.2.3.4/32","tag":null,"expiration":0},"metadata":null}';
const BODY = `[${REPORT}]`;
const TIMEOUTS = { read_header_timeout: 300, body_stall_timeout: 300 };

const never = new AbortController().signal;

async function start(config: Record<string, unknown> = {}, overrides: object = TIMEOUTS) {
  const ledger = new FakeLedger();
  const context = receiverContext(ledger);
  const parsed = configSchema.parse({
    endpoint: '127.0.0.1:0',
    instances: [{ name: 'edge', token: TOKEN }],
    ...config,
  });
  const receiver = new CouicReceiver(context, { ...parsed, ...overrides });
  await receiver.start();
  onTestFinished(() => receiver.shutdown(AbortSignal.abort()));
  return { context, ledger, receiver, port: receiver.endpoint.port };
}

function post(port: number, agent?: Agent, body = BODY): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'POST', path: PATH, agent }, (response) => {
      let text = '';
      response.on('data', (data) => {
        text += data;
      });
      response.on('end', () => resolve({ status: response.statusCode!, text }));
    })
      .on('error', reject)
      .end(body);
  });
}

test('the factory is registered under the name of the configuration', async () => {
  const receiver = await couicReceiver.create(
    receiverContext(new FakeLedger()),
    configSchema.parse({ instances: [{ name: 'edge', token: TOKEN }, { name: 'open' }] }),
  );
  expect([couicReceiver.kind, couicReceiver.type, receiver.metrics?.names]).toEqual([
    'receiver',
    'couic',
    ['edge', 'open'],
  ]);
});

describe('listening', () => {
  test('says where, without the token, and warns of an open instance', async () => {
    const { context, port } = await start({ instances: [{ name: 'couic' }] });
    expect(context.messages()).toEqual([
      `Listening for reports on http://127.0.0.1:${port}/v1/reports`,
      expect.stringMatching(/^No token is set: every program on this host/),
    ]);
    expect((await start()).context.messages()).toHaveLength(1);
  });

  test('keeps a connection for the next request', async () => {
    const { port, ledger } = await start();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let i = 0; i < 3; i++) expect((await post(port, agent)).status).toBe(200);
    expect(ledger.reports('edge')).toHaveLength(3);
    expect(Object.keys(agent.freeSockets)).toHaveLength(1);
    agent.destroy();
  });

  test('says what to do when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    const receiver = new CouicReceiver(
      receiverContext(new FakeLedger()),
      configSchema.parse({ endpoint: `127.0.0.1:${port}` }),
    );
    await expect(receiver.start()).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port}: something listens there already; end it, or set another endpoint`,
    );
    await receiver.shutdown(never);
    other.close();
  });
});

describe('a client that', () => {
  test('is slow, but moves, is not cut', async () => {
    const { port } = await start();
    const client = await rawConnection(port);
    client.write(postHead(PATH, BODY.length));
    for (let offset = 0; offset < BODY.length; offset += 10) {
      client.write(BODY.slice(offset, offset + 10));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await client.until('accepted')).toContain('{"accepted":1,"replayed":0,"quarantined":0}');
    client.socket.destroy();
  });

  test('stops in its body gets 408', async () => {
    const { context, ledger, port } = await start();
    const client = await rawConnection(port);
    client.write(postHead(PATH, BODY.length) + BODY.slice(0, 20));
    const answer = await client.until('ERR_BODY_STALLED');
    expect(answer).toMatch(/^HTTP\/1.1 408 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    await client.closed();
    expect(ledger.bodies).toEqual([]);
    expect((await context.points('couic.bridge.receiver.refused_requests'))[0]?.[0]).toEqual({
      reason: 'stalled',
      'couic.instance.name': 'edge',
    });
  });

  test('stops in its headers gets 408', async () => {
    const { context, port } = await start();
    const client = await rawConnection(port);
    client.write(postHead(PATH, 5).slice(0, -4));
    expect(await client.closed()).toMatch(/^HTTP\/1.1 408 .*ERR_HEADER_TIMEOUT/s);
    expect(context.logText()).not.toContain(TOKEN);
  });

  test('waits for its turn is not cut, however long that takes', async () => {
    const { ledger, port } = await start();
    const commit = deferred();
    ledger.beforeCommit = () => commit.promise;
    const first = post(port);
    await expect.poll(() => ledger.bytes).toBe(BODY.length);
    const second = post(port);
    await new Promise((resolve) => setTimeout(resolve, 2 * TIMEOUTS.body_stall_timeout));
    commit.resolve();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  test('hangs up in its body is not answered, and its work ends', async () => {
    const { context, ledger, port } = await start();
    const client = await rawConnection(port);
    client.write(postHead(PATH, 1000) + BODY.slice(0, 20));
    await expect.poll(() => ledger.bytes).toBe(20);
    client.socket.destroy();
    await expect.poll(() => ledger.failures).toMatchObject([{ name: 'ClientGoneError' }]);
    expect(ledger.bodies).toEqual([]);
    const durations = await context.points('http.server.request.duration');
    expect(durations.map(([attributes]) => attributes['http.response.status_code'])).toEqual([499]);
  });

  test('hangs up while its reports are committed is noticed', async () => {
    const { ledger, port } = await start();
    const signals: (AbortSignal | undefined)[] = [];
    const commit = deferred();
    ledger.beforeCommit = (_instance, signal) => {
      signals.push(signal);
      return commit.promise;
    };
    const client = await rawConnection(port);
    client.write(postHead(PATH, BODY.length) + BODY);
    await expect.poll(() => signals).toHaveLength(1);
    client.socket.destroy();
    await expect.poll(() => signals[0]?.aborted).toBe(true);
    commit.resolve();
    await expect.poll(() => ledger.failures).toMatchObject([{ name: 'ClientGoneError' }]);
  });

  test('sends no HTTP gets 400', async () => {
    const { context, port } = await start();
    const client = await rawConnection(port);
    client.write('hello\r\n\r\n');
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 .*ERR_BAD_REQUEST/s);
    expect((await context.points('couic.bridge.receiver.refused_requests'))[0]).toEqual([{ reason: 'http' }, 1]);
  });

  test('has a wrong token sees the answer though it is still sending, and is not listened to any more', async () => {
    const { ledger, port } = await start();
    const client = await rawConnection(port);
    client.write(postHead('/v1/reports/wrong', 1_000_000));
    expect((await client.until('ERR_UNAUTHORIZED')).toLowerCase()).toContain('connection: close');
    client.write(Buffer.alloc(1_000_000, 'x'));
    client.write(postHead(PATH, BODY.length) + BODY);
    expect(await client.closed()).not.toContain('200 OK');
    expect(ledger.bytes).toBe(0);
  });

  test('sends what is no JSON is told so, and can go on after it', async () => {
    const { ledger, port } = await start();
    const client = await rawConnection(port);
    client.write(`${postHead(PATH, 'chunked')}2\r\n[x\r\n0\r\n\r\n`);
    expect(await client.until('ERR_BODY')).toMatch(/^HTTP\/1.1 400 /);
    client.write(postHead(PATH, BODY.length) + BODY);
    await client.until('"accepted":1');
    expect(ledger.reports('edge')).toHaveLength(1);
    client.socket.destroy();
  });

  test('comes when max_connections are at work is dropped and counted', async () => {
    const { context, ledger, port } = await start({ max_connections: 1 });
    const commit = deferred();
    ledger.beforeCommit = () => commit.promise;
    const first = await rawConnection(port);
    first.write(postHead(PATH, BODY.length) + BODY);
    await expect.poll(() => ledger.bytes).toBe(BODY.length);
    const second = await rawConnection(port);
    expect(await second.closed()).toBe('');
    expect((await context.points('couic.bridge.receiver.refused_requests'))[0]).toEqual([{ reason: 'connections' }, 1]);
    commit.resolve();
    await first.until('"accepted":1');
    first.socket.destroy();
  });
});

describe('shutdown', () => {
  test('lets requests finish, closes their connections, and takes no new ones', async () => {
    const { ledger, port, receiver } = await start();
    const commit = deferred();
    ledger.beforeCommit = () => commit.promise;
    const client = await rawConnection(port);
    client.write(postHead(PATH, BODY.length) + BODY);
    await expect.poll(() => ledger.bytes).toBe(BODY.length);

    const done = receiver.shutdown(never);
    await expect(rawConnection(port)).rejects.toThrow('ECONNREFUSED');
    commit.resolve();
    expect((await client.closed()).toLowerCase()).toContain('connection: close');
    expect(client.received()).toContain('"accepted":1');
    await done;
    await receiver.shutdown(never);
  });

  test('cuts what has not finished at its deadline', async () => {
    const { ledger, port, receiver } = await start({}, {});
    const client = await rawConnection(port);
    client.write(postHead(PATH, 1000) + BODY.slice(0, 20));
    await expect.poll(() => ledger.bytes).toBe(20);
    const deadline = new AbortController();
    const done = receiver.shutdown(deadline.signal);
    deadline.abort();
    await done;
    await client.closed();
    await expect.poll(() => ledger.failures).toMatchObject([{ name: 'ClientGoneError' }]);
  });

  test('is safe before start', async () => {
    const receiver = new CouicReceiver(receiverContext(new FakeLedger()), configSchema.parse({}));
    await receiver.shutdown(never);
    await receiver.shutdown(never);
  });
});
