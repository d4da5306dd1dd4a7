import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BulkServer } from '../support/bulk-api/server.ts';
import { seededRandom } from '../support/couic-sim/random.ts';
import { sumByLabels } from '../support/parse-exposition.ts';
import { type ClusterBridge, startBridges } from './tools/cluster-bridge.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { holderOf } from './tools/holder-of.ts';
import { NatsNode } from './tools/nats-node.ts';

const TOKEN = '550e8400-e29b-41d4-a716-446655440000';
const STREAM = 'erased';
const SOON = { timeout: 60_000, interval: 250 };
/** Rules of each tag that come and go. */
const RULES = 100;

describeWithNats('erase with three bridges', (binary) => {
  let node: NatsNode;
  let siem: BulkServer;
  const bridges: ClusterBridge[] = [];
  let reports = 0;

  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
    // What it has not taken stays in the log.
    siem = await new BulkServer(seededRandom(1)).start();
    await siem.stop();
    const options = {
      natsPorts: [node.port],
      stream: STREAM,
      instances: [{ name: 'edge', token: TOKEN }],
      siem: siem.url,
      storage: { replicas: 1 },
    };
    await startBridges(3, options, bridges);
  });
  afterAll(async () => {
    await Promise.all(bridges.map((bridge) => bridge.remove()));
    await node.remove();
  });

  /** One that runs, and has the lease. */
  async function holder(): Promise<ClusterBridge> {
    return vi.waitFor(async () => {
      const pid = await holderOf(node, STREAM);
      const found = bridges.find((bridge) => bridge.isWanted && bridge.pid === pid);
      expect(found).toBeDefined();
      return found!;
    }, SOON);
  }

  /** Reports of rules with a tag, all of which are over in the end, spread over the bridges. */
  async function report(tag: string): Promise<void> {
    const creation = Math.floor(Date.now() / 1000);
    for (const action of ['add', 'remove'])
      for (let i = 0; i < RULES; i++) {
        const entry = { creation, cidr: `192.0.2.${i}/32`, tag, expiration: 0 };
        const metadata = { kind: 'manual', detail: `about ${tag}`, extra: null };
        const body = JSON.stringify([{ action, policy: 'drop', entry, metadata }]);
        await vi.waitFor(async () => {
          const { port } = bridges[reports % 3]!;
          const { status } = await fetch(`http://127.0.0.1:${port}/v1/reports/${TOKEN}`, { method: 'POST', body });
          expect(status).toBe(200);
        }, SOON);
        reports++;
      }
  }

  const state = (bridge: ClusterBridge) => join(bridge.process.directory, 'state');

  /** A snapshot is taken that has it, and each bridge has a copy. */
  async function keepCopies(tag: string): Promise<void> {
    const first = await holder();
    for (const bridge of [first, ...bridges.filter((each) => each !== first)]) {
      await bridge.stop();
      await bridge.start();
    }
    for (const bridge of bridges) expect(readFileSync(join(state(bridge), 'snapshot')).includes(tag)).toBe(true);
    await holder();
  }

  /** Where a text still is of all that is kept. */
  async function found(text: string): Promise<string[]> {
    const places = bridges.flatMap((bridge, i) => inFiles(state(bridge), text).map((file) => `bridge ${i}: ${file}`));
    places.push(...inFiles(join(node.store, 'jetstream', '$G', 'streams', STREAM, 'msgs'), text));
    const connection = await connect({ servers: node.server });
    try {
      const jsm = await jetstreamManager(connection);
      const { state: range } = await jsm.streams.info(STREAM);
      for (let seq = range.first_seq; seq <= range.last_seq; seq++) {
        const message = await jsm.streams.getMessage(STREAM, { seq });
        if (message && Buffer.from(message.data).includes(text)) places.push(`message ${seq}`);
      }
      const objects = await new Objm(jetstream(connection)).open(STREAM);
      for (const info of await objects.list()) {
        const bytes = info.size > 0 ? await objects.getBlob(info.name) : null;
        if (JSON.stringify(info).includes(text) || (bytes && Buffer.from(bytes).includes(text))) places.push(info.name);
      }
    } finally {
      await connection.close();
    }
    return places;
  }

  /** The note of an erasure that is under way. */
  async function hasNote(): Promise<boolean> {
    const connection = await connect({ servers: node.server });
    try {
      const objects = await new Objm(jetstream(connection)).open(STREAM);
      return (await objects.info('note')) !== null;
    } finally {
      await connection.close();
    }
  }

  async function allShow(tag: string): Promise<void> {
    for (const bridge of bridges)
      await vi.waitFor(async () => {
        const text = await bridge.scrape();
        expect(text).not.toContain(tag);
        const sums = sumByLabels(text, 'couic_reports_total', ['couic_instance_name']);
        expect(sums).toEqual({ edge: reports });
      }, SOON);
  }

  test('what was erased is nowhere any more: neither where it was done, nor with those that run, nor with one that was down', async () => {
    await report('alice-of-nowhere');
    await keepCopies('alice-of-nowhere');
    const doing = await holder();
    const [other, down] = bridges.filter((bridge) => bridge !== doing);
    await down!.stop();
    expect(await other!.command('erase', '--tag', 'alice-of-nowhere')).toContain('only the bridge that has the lease');
    const started = other!.starts;
    expect(await doing.command('erase', '--tag', 'alice-of-nowhere')).toContain('Erased tag alice-of-nowhere: ');
    await vi.waitFor(() => expect(other!.starts).toBe(started + 1), SOON);
    await vi.waitFor(async () => expect((await other!.scrape()).length).toBeGreaterThan(0), SOON);
    await down!.start();
    await allShow('alice-of-nowhere');
    expect(await found('alice-of-nowhere')).toEqual([]);
  }, 240_000);

  test('an erasure whose bridge is killed in the middle is finished by the one that takes over', async () => {
    await report('bob-of-nowhere');
    await keepCopies('bob-of-nowhere');
    const doing = await holder();
    const [, down] = bridges.filter((bridge) => bridge !== doing);
    await down!.stop();
    const asked = doing.command('erase', '--tag', 'bob-of-nowhere');
    await vi.waitFor(async () => expect(await hasNote()).toBe(true), { timeout: 20_000, interval: 1 });
    await doing.stop('SIGKILL');
    expect(await asked).not.toContain('Erased');
    expect(await hasNote()).toBe(true);
    await vi.waitFor(async () => expect(await hasNote()).toBe(false), SOON);
    await doing.start();
    await down!.start();
    await allShow('bob-of-nowhere');
    expect(await found('bob-of-nowhere')).toEqual([]);
  }, 240_000);
});

function inFiles(directory: string, text: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(text))
    .map(({ name }) => name);
}
