import { Agent, request } from 'node:http';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import type { BridgeLedger } from '../../src/ledger/bridge-ledger.ts';
import { bodyOf, collect, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { postHead, rawConnection } from '../support/raw-http.ts';
import { receiverContext, type TestContext } from '../support/receiver-context.ts';

const PATH = '/v1/reports';
const body = (...last: number[]) => bodyOf(last.map((n) => ({ cidr: `10.0.0.${n}/32` })));

let ledger: BridgeLedger;
let store: MemoryStore;
let context: TestContext;
let port: number;

beforeEach(async () => {
  store = new MemoryStore();
  ({ ledger } = newLedger(store, systemClock as never));
  await store.load();
  await ledger.start();
  await ledger.lead();
  context = receiverContext(ledger);
  const config = configSchema.parse({ endpoint: '127.0.0.1:0', instances: [{ name: 'couic' }] });
  const receiver = new CouicReceiver(context, config);
  await receiver.start();
  port = receiver.endpoint.port;
  return async () => {
    await receiver.shutdown(AbortSignal.abort());
    await ledger.stop();
  };
});

async function counted(): Promise<number> {
  const series = (await collect(ledger.producer()))['couic.reports'] ?? {};
  return Object.values(series).reduce((sum, count) => sum + count, 0);
}

function post(text: string, agent?: Agent): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ port, host: '127.0.0.1', method: 'POST', path: PATH, agent }, (response) => {
      let answer = '';
      response.on('data', (data) => {
        answer += data;
      });
      response.on('end', () => resolve(JSON.parse(answer)));
    })
      .on('error', reject)
      .end(text);
  });
}

test('bodies that were answered are new ones when they come again at once: on a kept connection, and each on its own', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  for (const text of [body(1), body(1), body(1), body(2, 3), body(2, 4), body(2, 3), body(2, 3)]) {
    expect(await post(text, agent)).toMatchObject({ replayed: 0 });
  }
  for (let i = 0; i < 3; i++) expect(await post(body(5))).toEqual({ accepted: 1, replayed: 0, quarantined: 0 });
  expect(await counted()).toBe(14);
});

test('so are they from a client that holds several connections', async () => {
  const clients = await Promise.all([0, 1, 2].map(() => rawConnection(port)));
  for (let i = 0; i < 9; i++) {
    const client = clients[i % 3]!;
    const from = client.received().length;
    client.write(postHead(PATH, body(1, 2).length) + body(1, 2));
    expect(await client.until('}', from)).toContain('"accepted":2');
  }
  expect(await counted()).toBe(18);
  for (const client of clients) client.socket.destroy();
});

test('an attempt that stalls ends when its retry comes: 503, its connection is closed, and its tail is not counted', async () => {
  const text = body(1, 2, 3);
  const first = await rawConnection(port);
  first.write(postHead(PATH, text.length) + text.slice(0, 150));
  // A chunk is due after 50 ms.
  await expect.poll(() => store.log.length).toBe(2);
  const second = await rawConnection(port);
  const retry = body(1, 2, 3, 4);
  second.write(postHead(PATH, retry.length) + retry);
  expect(await second.until('"accepted":3')).toContain('{"accepted":3,"replayed":1,"quarantined":0}');
  expect(await first.closed()).toMatch(/^HTTP\/1.1 503 .*connection: close.*"code":"ERR_SUPERSEDED"/is);
  first.write(text.slice(150));
  expect(await counted()).toBe(4);
  second.socket.destroy();
  const refused = await context.points('couic.bridge.receiver.refused_requests');
  expect(refused).toEqual([[{ reason: 'superseded', 'couic.instance.name': 'couic' }, 1]]);
});

test.each([
  ['shorter', body(1, 2)],
  ['equal', body(1, 2, 3)],
])(
  'bytes of an attempt that was given up come when its successor was answered, %s: 503, closed, not counted',
  async (_, text) => {
    const old = await rawConnection(port);
    // The order in which the server takes connections is what counts, and that there was time to give one up.
    expect(await post(body(9))).toMatchObject({ accepted: 1 });
    await new Promise((resolve) => setTimeout(resolve, 950));
    const next = await rawConnection(port);
    const retry = body(1, 2, 3);
    next.write(postHead(PATH, retry.length) + retry);
    await next.until('"accepted":3');
    old.write(postHead(PATH, text.length) + text);
    expect(await old.closed()).toMatch(/^HTTP\/1.1 503 .*"code":"ERR_SUPERSEDED"/s);
    expect(await counted()).toBe(4);
    next.socket.destroy();
  },
);

test('a retry that comes while its first attempt is being committed counts nothing twice', async () => {
  let release = () => {};
  store.afterCommit = () => new Promise((resolve) => (release = resolve));
  const first = await rawConnection(port);
  first.write(postHead(PATH, body(1).length) + body(1));
  await expect.poll(() => store.log.length).toBe(2);
  first.socket.destroy();
  const retry = post(body(1, 2));
  await new Promise((resolve) => setTimeout(resolve, 50));
  store.afterCommit = () => Promise.resolve();
  release();
  expect(await retry).toEqual({ accepted: 1, replayed: 1, quarantined: 0 });
  expect(await counted()).toBe(2);
});

test('two senders that take turns on one instance are warned of', async () => {
  const agents = [0, 1].map(() => new Agent({ keepAlive: true, maxSockets: 1 }));
  onTestFinished(() => {
    for (const agent of agents) agent.destroy();
  });
  for (let i = 0; i < 20; i++) await post(body(i), agents[i % 2]);
  expect(context.messages().filter((message) => String(message).startsWith('Two senders'))).toHaveLength(1);
});
