import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { connectTo } from '../../plugins/extensions/jetstream_storage/connect.ts';
import { systemClock } from '../../src/clock.ts';
import { JetStreamEngine } from '../../src/log/jetstream/engine.ts';
import { Health } from '../../src/telemetry/health.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { FaultProxy } from './tools/fault-proxy.ts';
import { NatsCluster } from './tools/nats-cluster.ts';

const STREAM = 'log';
const silent = { info: () => {}, warn: () => {}, error: () => {} };
const TIMEOUT = 180_000;

interface Bridge {
  readonly engine: JetStreamEngine;
  /** What it was delivered, in order. */
  readonly entries: string[];
  /** It reaches these servers and no other. */
  reaches(servers: readonly number[]): void;
}

describeWithNats('a bridge and NATS servers that are apart', (binary) => {
  let nats: NatsCluster;
  beforeEach(async () => {
    nats = await NatsCluster.start(binary);
  });
  afterEach(() => nats.remove());

  async function open(servers: readonly number[]): Promise<Bridge> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-partition-'));
    const proxies = await Promise.all(nats.nodes.map(({ port }) => FaultProxy.open(port)));
    const reaches = (reached: readonly number[]) => {
      for (const [index, proxy] of proxies.entries()) proxy.refuse(!reached.includes(index));
    };
    reaches(servers);
    const urls = proxies.map(({ port }) => `nats://127.0.0.1:${port}`);
    const engine = new JetStreamEngine({
      connect: () => connectTo({ servers: urls, stream: STREAM, replicas: 3, max_bytes: 64, directory }, 'test'),
      ...{ stream: STREAM, replicas: 3, maxBytes: 64 * 1024 * 1024, directory },
      ...{ clock: systemClock, health: new Health(), logger: silent },
    });
    onTestFinished(async () => {
      reaches([0, 1, 2]);
      await engine.close();
      for (const proxy of proxies) proxy.close();
      await rm(directory, { recursive: true, force: true });
    });
    const entries: string[] = [];
    await engine.open();
    const deliver = ({ position, record }: { position: number; record: Uint8Array }) =>
      void entries.push(`${position} ${Buffer.from(record).toString()}`);
    await engine.follow(1, { deliver });
    return { engine, entries, reaches };
  }

  /** Tries for as long as nothing can be written. @returns the entry. */
  async function write({ engine }: Bridge, text: string): Promise<string> {
    for (;;) {
      try {
        return `${await engine.append('topic', Buffer.from(text))} ${text}`;
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
        await sleep(100);
      }
    }
  }

  const refused = { code: 'ERR_STORAGE_COMMIT' };

  test.each([
    ['nothing goes to it or from it', true, true],
    ['nothing goes to it', true, false],
    ['nothing goes from it', false, true],
  ])(
    'the one that leads is apart, and %s: it acknowledges nothing, and the bridge goes on with the others',
    async (_, isToCut, isFromCut) => {
      const elsewhere = await open([0, 1, 2]);
      await write(elsewhere, 'begin');
      const leader = nats.nodes.indexOf((await nats.leaderOf(STREAM))!);
      const others = [0, 1, 2].filter((index) => index !== leader);
      const bridge = await open([leader]);
      elsewhere.reaches(others);
      const written = [await write(bridge, 'before')];
      const last = Number(written[0]!.split(' ')[0]);
      expect(await bridge.engine.isLast('topic', last)).toBe(true);

      nats.links.cut((from, to) => (isToCut && to === leader) || (isFromCut && from === leader));
      await expect(bridge.engine.append('topic', Buffer.from('refused'))).rejects.toMatchObject(refused);
      written.push(await write(elsewhere, 'elsewhere'));
      // Its server has not heard of that.
      await expect(bridge.engine.isLast('topic', last)).rejects.toMatchObject(refused);
      bridge.reaches([0, 1, 2]);
      written.push(await write(bridge, 'moved'));

      nats.links.cut(() => false);
      written.push(await write(elsewhere, 'healed'), await write(bridge, 'together'));
      await expect.poll(() => bridge.entries, { timeout: 30_000 }).toEqual(expect.arrayContaining(written));
      await expect.poll(() => elsewhere.entries, { timeout: 30_000 }).toEqual(bridge.entries);
    },
    TIMEOUT,
  );

  test(
    'all are apart: nothing is taken, and it goes on by itself once they are not',
    async () => {
      const bridges = [await open([0]), await open([1]), await open([2])];
      for (const bridge of bridges) bridge.reaches([0, 1, 2]);
      const written = [await write(bridges[0]!, 'before')];
      nats.links.cut(() => true);
      // The leader that was notices that it is alone after 10 s.
      for (const end = performance.now() + 15_000; performance.now() < end; await sleep(500))
        for (const { engine } of bridges)
          await expect(engine.append('topic', Buffer.from('refused'))).rejects.toMatchObject(refused);
      nats.links.cut(() => false);
      for (const [index, bridge] of bridges.entries()) written.push(await write(bridge, `after ${index}`));
      for (const { entries } of bridges) {
        await expect.poll(() => entries, { timeout: 30_000 }).toEqual(expect.arrayContaining(written));
        await expect.poll(() => entries, { timeout: 30_000 }).toEqual(bridges[0]!.entries);
      }
    },
    TIMEOUT,
  );
});
