import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { BulkServer } from '../support/bulk-api/server.ts';
import { seededRandom } from '../support/couic-sim/random.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { type ClusterBridge, startBridges } from './tools/cluster-bridge.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { holderOf } from './tools/holder-of.ts';
import { NatsNode } from './tools/nats-node.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const STREAM = 'full';
const MOST = 64 * 1024 * 1024;
const SOON = { timeout: 90_000, interval: 500 };

describeWithNats('a stream that is full', (binary) => {
  test('refuses reports, keeps what makes room, and takes them again once there is some: none is lost, none counts twice', async () => {
    const node = await NatsNode.make({ binary });
    await node.start();
    const siem = await new BulkServer(seededRandom(1)).start();
    siem.faulty = 0;
    // What it has not taken is kept for it: the log grows.
    await siem.stop();
    const options = {
      natsPorts: [node.port],
      stream: STREAM,
      instances: [{ name: 'edge', token: TOKEN }],
      siem: siem.url,
      storage: { replicas: 1, max_bytes: MOST },
    };
    const bridges: ClusterBridge[] = [];
    onTestFinished(async () => {
      await Promise.all(bridges.map((bridge) => bridge.remove()));
      await siem.stop();
      await node.remove();
    });
    await startBridges(2, options, bridges);

    let bodies = 0;
    let total = 0;
    const body = (reports: number) => {
      total += reports;
      const list = Array.from({ length: reports }, (_, i) => ({
        action: 'add',
        policy: 'drop',
        entry: {
          creation: Math.floor(Date.now() / 1000),
          cidr: `10.${Math.floor(bodies / 256)}.${bodies % 256}.${i}/32`,
          tag: 'ssh',
          expiration: 0,
        },
        metadata: { kind: 'automated', detail: randomBytes(1000).toString('base64'), extra: null },
      }));
      bodies++;
      return JSON.stringify(list);
    };
    /** Each to another bridge than the one before. */
    let turn = 0;
    const send = (text: string) =>
      fetch(`http://127.0.0.1:${bridges[++turn % 2]!.port}/v1/reports/${TOKEN}`, { method: 'POST', body: text });
    const health = (bridge: ClusterBridge) => fetch(`http://127.0.0.1:${bridge.healthPort}/`);

    const isFull = async () => (await (await health(bridges[turn % 2]!)).text()).includes('the stream is full');
    // Any other 503 is of two that were in each other's way: it is sent again.
    const waiting: string[] = [];
    // To the brim: what is smaller may fit still, and is tried twice a second.
    for (const reports of [250, 10, 1]) {
      let refused = body(reports);
      for (let tries = 0; tries < 4; ) {
        const answer = await send(refused);
        if (answer.status === 200) {
          refused = body(reports);
          tries = 0;
        } else {
          expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.stringMatching(/^\d+$/)]);
          if (await isFull()) tries++;
          await sleep(600);
        }
      }
      waiting.push(refused);
    }
    // It stays so for longer than the lease lasts, and the one that has it keeps it.
    const [held] = await Promise.all([holderOf(node, STREAM), sleep(25_000)]);
    const fromFull = (bridge: ClusterBridge) => /the stream is full[^"\n]*/.exec(bridge.process.output)?.[0];
    for (const text of waiting) expect((await send(text)).status).toBe(503);
    for (const bridge of bridges) {
      const answer = await health(bridge);
      expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('the stream is full')]);
      expect(fromFull(bridge)).toContain('max_bytes');
    }
    expect(await holderOf(node, STREAM)).toBe(held);

    await siem.start();
    const take = (text: string) => vi.waitFor(async () => expect((await send(text)).status).toBe(200), SOON);
    const back = performance.now();
    for (const text of waiting) await take(text);
    console.log(`reports are taken again after ${Math.round((performance.now() - back) / 1000)} s`);
    for (let i = 0; i < 20; i++) await take(body(250));
    await vi.waitFor(async () => {
      for (const bridge of bridges)
        expect(sumByLabels(await bridge.scrape(), 'couic_reports_total', ['couic_instance_name'])).toEqual({
          edge: total,
        });
      expect(siem.byAction()).toEqual({ 'edge couic.rule.added': total });
    }, SOON);
  }, 300_000);
});
