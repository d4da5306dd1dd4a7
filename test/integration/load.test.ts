import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { systemClock } from '../../src/clock.ts';
import type { BridgeLedger } from '../../src/ledger/bridge-ledger.ts';
import { SimulatedCouic } from '../support/couic-sim/couic.ts';
import { seededRandom } from '../support/couic-sim/random.ts';
import { Workload } from '../support/couic-sim/workload.ts';
import { bodyOf, collect, newLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { postHead, rawConnection } from '../support/raw-http.ts';
import { receiverContext } from '../support/receiver-context.ts';

const BODIES = 1000;
/** One for each that writes slowly: a Couic has one request under way, and a later one ends it. */
const SENDERS = Array.from({ length: BODIES }, (_, index) => ({
  name: `couic-${index}`,
  token: `00000000-0000-4000-8000-00000000${String(index).padStart(4, '0')}`,
}));
const INSTANCES = SENDERS.slice(0, 50);

let ledger: BridgeLedger;
let store: MemoryStore;

beforeEach(async () => {
  store = new MemoryStore();
  ({ ledger } = newLedger(store, systemClock as never));
  await store.load();
  await ledger.start();
  await ledger.lead();
  return () => ledger.stop();
});

async function start(config: Record<string, unknown> = {}) {
  const context = receiverContext(ledger);
  const receiver = new CouicReceiver(
    context,
    configSchema.parse({ endpoint: '127.0.0.1:0', instances: SENDERS, log_reports: false, ...config }),
  );
  await receiver.start();
  onTestFinished(() => receiver.shutdown(AbortSignal.abort()));
  const { port } = receiver.endpoint;
  return { context, port, webhook: (token: string) => `http://127.0.0.1:${port}/v1/reports/${token}` };
}

/** Reports that the ledger counts for one instance. */
async function counted(instance: string): Promise<number> {
  const series = (await collect(ledger.producer([instance])))['couic.reports'] ?? {};
  return Object.values(series).reduce((sum, value) => sum + value, 0);
}

test('50 Couic at once: every report of each is counted for it, once', async () => {
  const { webhook } = await start();
  const couics = INSTANCES.map(({ token }, index) => {
    const couic = new SimulatedCouic({ webhook: webhook(token) });
    const random = seededRandom(index);
    const workload = new Workload(couic.firewall, { random, tags: ['scanner', 'ssh', null], lifetime: 3600 });
    return { couic, workload };
  });
  onTestFinished(async () => {
    await Promise.all(couics.map(({ couic }) => couic.stop()));
  });
  for (const { couic } of couics) couic.start();
  for (let round = 0; round < 5; round++) {
    for (const { workload } of couics) for (let step = 0; step < 40; step++) workload.step();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  await Promise.all(couics.map(({ couic }) => couic.drained()));

  for (const [index, { couic }] of couics.entries()) {
    expect(couic.counts).toMatchObject({ offered: 200, dropped: 0, acknowledged: 200 });
    expect(await counted(INSTANCES[index]!.name)).toBe(200);
  }
});

// On a machine that is busy with other tests this takes its time.
describe('1,000 connections that write slowly', { timeout: 120_000 }, () => {
  const bodies = Array.from({ length: BODIES }, (_, index) => ({
    path: `/v1/reports/${SENDERS[index]!.token}`,
    text: bodyOf([0, 1, 2].map((n) => ({ cidr: `10.${n}.${index >>> 8}.${index & 255}/32` }))),
  }));

  /** Sends a body in five pieces, again and again on one connection until it is taken. @returns the refusals. */
  async function sendSlowly(port: number, { path, text }: { path: string; text: string }): Promise<string[]> {
    const client = await rawConnection(port);
    const refusals: string[] = [];
    for (;;) {
      const before = client.received().length;
      client.write(postHead(path, text.length));
      for (let piece = 0; piece < 5; piece++) {
        client.write(text.slice((piece * text.length) / 5, ((piece + 1) * text.length) / 5));
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
      await client.until('}', before);
      const answer = client.received().slice(before);
      if (answer.startsWith('HTTP/1.1 200 ')) break;
      refusals.push(answer);
    }
    client.socket.destroy();
    return refusals;
  }

  test('are all served, and none is cut', async () => {
    const { port } = await start({ max_concurrent_bodies: 1000 });
    const refusals = await Promise.all(bodies.map((body) => sendSlowly(port, body)));
    expect(refusals.flat()).toEqual([]);
    for (const { name } of SENDERS) expect(await counted(name)).toBe(3);
  });

  test('beyond the room there is, are told to come again, and are served then', async () => {
    // Fewer, since each of them tries again and again, and a token is compared with all there are.
    const senders = SENDERS.slice(0, 300);
    const { context, port } = await start({ instances: senders, max_concurrent_bodies: 90 });
    // Nothing is committed until one was refused: on a slow machine the bodies would come one after another.
    let goOn = () => {};
    const held = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    store.afterCommit = () => held;
    const sent = Promise.all(bodies.slice(0, senders.length).map((body) => sendSlowly(port, body)));
    await expect
      .poll(() => context.points('couic.bridge.receiver.refused_requests'), { timeout: 20_000 })
      .not.toHaveLength(0);
    store.afterCommit = () => Promise.resolve();
    goOn();
    const refusals = (await sent).flat();
    expect(refusals.length).toBeGreaterThan(0);
    for (const refusal of refusals) {
      expect(refusal).toMatch(/^HTTP\/1.1 503 .*retry-after: 1\r\n.*"code":"ERR_BUSY"/s);
    }
    for (const { name } of senders) expect(await counted(name)).toBe(3);
    const busy = await context.points('couic.bridge.receiver.refused_requests');
    expect(busy.reduce((sum, [, count]) => sum + (count as number), 0)).toBe(refusals.length);
  });
});

test('bodies whose chunks wait for the disk take little memory: 50 of 5 MB fit into 32 MB', async () => {
  const { port } = await start({ instances: INSTANCES });
  const release: (() => void)[] = [];
  store.afterCommit = () => new Promise((resolve) => release.push(resolve));
  const report = bodyOf([{}]).slice(1, -1);
  const count = Math.ceil(5_000_000 / (report.length + 1));
  const text = Buffer.from(`[${Array(count).fill(report).join()}]`);
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external;

  const clients = await Promise.all(INSTANCES.map(() => rawConnection(port)));
  const before = used();
  for (const [index, client] of clients.entries()) {
    client.write(postHead(`/v1/reports/${INSTANCES[index]!.token}`, text.length));
    client.write(text);
  }
  await expect.poll(() => release.length, { timeout: 10_000 }).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect((used() - before) / 1e6).toBeLessThan(32);
  for (const client of clients) client.socket.destroy();
  store.afterCommit = () => Promise.resolve();
  for (const resolve of release) resolve();
});
