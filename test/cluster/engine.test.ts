import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { JetStreamEngine } from '../../src/log/jetstream/engine.ts';
import type { Entry } from '../../src/log/log.ts';
import { Health } from '../../src/telemetry/health.ts';
import { bytes } from '../log/folds.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { FaultProxy } from './tools/fault-proxy.ts';
import { NatsNode } from './tools/nats-node.ts';

const MIB = 1024 * 1024;

describeWithNats('the engine of JetStream, beside the contract', (binary) => {
  let node: NatsNode;
  let names = 0;
  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
  });
  afterAll(() => node.remove());

  async function newDirectory(): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), 'couic-engine-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    return directory;
  }

  /** @param over - what differs from a bridge as others are. */
  async function engineOn({
    stream = `engine-${++names}`,
    server = node.server,
    maxBytes = 64 * MIB,
    replicas = 1,
    directory = '',
  }) {
    const health = new Health();
    const lines: string[] = [];
    const lost: string[] = [];
    const tell = (...told: unknown[]) => void lines.push(String(told.at(-1)));
    const logger = { info: tell, warn: tell, error: tell } as never;
    const engine = new JetStreamEngine({
      connect: () => connect({ servers: server, reconnectTimeWait: 100, maxReconnectAttempts: -1 }),
      ...{
        stream,
        replicas,
        maxBytes,
        clock: systemClock,
        health,
        logger,
        onLost: (why: string) => void lost.push(why),
      },
      directory: directory || (await newDirectory()),
    });
    onTestFinished(() => engine.close());
    return { engine, health, stream, lines, lost };
  }

  /** One that is followed. */
  async function following(options: Parameters<typeof engineOn>[0] = {}) {
    const made = await engineOn(options);
    const delivered: string[] = [];
    let asksForRoom = 0;
    await made.engine.open();
    await made.engine.follow(1, {
      deliver: ({ record }: Entry) => void delivered.push(Buffer.from(record).toString()),
      full: () => void asksForRoom++,
    });
    return { ...made, delivered, asksForRoom: () => asksForRoom };
  }

  async function manager() {
    const connection = await connect({ servers: node.server });
    onTestFinished(() => connection.close());
    return jetstreamManager(connection);
  }

  const foreign = (message: string) => ({ code: 'ERR_STORAGE_FOREIGN', message: expect.stringContaining(message) });

  describe('is refused', () => {
    test('more copies than there are servers: what to set is said', async () => {
      const { engine } = await engineOn({ stream: 'copies', replicas: 3 });
      await expect(engine.open()).rejects.toThrow(
        /^stream copies cannot be made with 3 copies: .+ set extensions::jetstream_storage::replicas: a server alone has 1/,
      );
    });

    test('a stream that is not as it was made', async () => {
      const { engine, stream } = await engineOn({});
      await engine.open();
      await engine.close();
      const jsm = await manager();
      await jsm.streams.update(stream, { max_age: 3_600_000_000_000, max_bytes: 65 * MIB });
      const next = await engineOn({ stream });
      await expect(next.engine.open()).rejects.toMatchObject(
        foreign(
          `stream ${stream} has other settings: max_bytes is ${65 * MIB}, and should be ${64 * MIB}; max_age is 3600000000000, and should be 0.`,
        ),
      );
    });

    test('a stream of somebody else', async () => {
      const stream = `engine-${++names}`;
      await (await manager()).streams.add({ name: stream, subjects: [`${stream}.>`] });
      const { engine } = await engineOn({ stream });
      await expect(engine.open()).rejects.toMatchObject(foreign('was not made by the bridge'));
    });

    test('another log than the one that this bridge has worked on, and none', async () => {
      const directory = await newDirectory();
      const { engine, stream } = await engineOn({ directory });
      await engine.open();
      const { logId } = engine.identity;
      await engine.close();
      const jsm = await manager();
      await jsm.streams.delete(stream);
      const second = await engineOn({ directory, stream });
      await expect(second.engine.open()).rejects.toMatchObject(
        foreign(`is not there, though this bridge has worked on it (log ${logId})`),
      );
      const other = await engineOn({ stream });
      await other.engine.open();
      const third = await engineOn({ directory, stream });
      await expect(third.engine.open()).rejects.toMatchObject(
        foreign(`holds another log (${other.engine.identity.logId}) than the one`),
      );
    });

    test('a server whose messages are too small for an entry', async () => {
      const small = await NatsNode.make({ binary, config: 'max_payload: 1000000' });
      onTestFinished(() => small.remove());
      await small.start();
      const { engine } = await engineOn({ server: small.server });
      await expect(engine.open()).rejects.toMatchObject(foreign('takes messages of 1000000 bytes'));
    });

    test('whatever comes before the start and after the end', async () => {
      const { engine } = await engineOn({});
      const closed = { code: 'ERR_STORAGE_CLOSED' };
      await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
      await expect(engine.isLast('list', 0)).rejects.toMatchObject(closed);
      await expect(engine.follow(1, { deliver: () => {} })).rejects.toMatchObject(closed);
      await engine.open();
      expect([engine.isWritable, engine.silence]).toEqual([false, undefined]);
      await engine.follow(1, { deliver: () => {} });
      expect(engine.isWritable).toBe(true);
      expect(engine.silence).toBeLessThan(60_000);
      await engine.close();
      await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
      await expect(engine.cut(1)).rejects.toMatchObject(closed);
      await expect(engine.rewrite(() => false)).rejects.toMatchObject(closed);
      await expect(engine.setNote(undefined)).rejects.toMatchObject(closed);
      await engine.close();
    });
  });

  test('what another bridge wrote to a topic is known of when it is asked for, also before it came', async () => {
    const one = await following();
    const two = await following({ stream: one.stream });
    const first = await one.engine.append('list', bytes('a'));
    expect(await one.engine.isLast('list', first)).toBe(true);
    expect(await one.engine.isLast('list', first - 1)).toBe(true);
    expect(await one.engine.isLast('other', 0)).toBe(true);
    const second = await two.engine.append('list', bytes('b'));
    expect(await one.engine.isLast('list', first)).toBe(false);
    await vi.waitFor(() => expect(one.delivered).toEqual(['a', 'b']));
    expect(await one.engine.isLast('list', first)).toBe(false);
    expect(await one.engine.isLast('list', second)).toBe(true);
    expect(await one.engine.look()).toMatchObject({ replicas: 1, current: 1 });
  });

  test('while nothing passes, appends fail and health says so; then it goes on, and nothing that came is lost or comes twice', async () => {
    const proxy = await FaultProxy.open(node.port);
    onTestFinished(() => proxy.close());
    const one = await following({ server: `nats://127.0.0.1:${proxy.port}` });
    const two = await following({ stream: one.stream });
    await one.engine.append('list', bytes('a'));
    proxy.cut('both');
    await expect(one.engine.append('list', bytes('refused'), { expect: 99 })).rejects.toMatchObject({
      code: 'ERR_STORAGE_COMMIT',
      message: expect.stringContaining('has not answered within'),
    });
    expect(one.engine.isWritable).toBe(false);
    // At once now, until it is tried again.
    await expect(one.engine.append('list', bytes('refused'))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
    await two.engine.append('list', bytes('b'));
    await vi.waitFor(() => expect(one.health.reasons.map(({ source }) => source).sort()).toEqual(['log', 'storage']), {
      timeout: 8000,
    });
    proxy.cut('none');
    await vi.waitFor(() => expect(one.health.reasons).toEqual([]), { timeout: 8000 });
    expect(one.engine.isWritable).toBe(true);
    expect(one.lines.filter((line) => line.startsWith('The log can'))).toEqual([
      'The log cannot be written: reports are refused, and their senders keep them',
      'The log can be written again',
    ]);
    await one.engine.append('list', bytes('c'));
    await vi.waitFor(() => expect(two.delivered.at(-1)).toBe('c'));
    const known = two.delivered.filter((text) => text !== 'refused');
    expect(known).toEqual(['a', 'b', 'c']);
    await vi.waitFor(() => expect(one.delivered).toEqual(two.delivered));
  }, 30_000);

  test('a server that is killed and comes back is followed on, by folds and readers', async () => {
    const own = await NatsNode.make({ binary });
    onTestFinished(() => own.remove());
    await own.start();
    const one = await following({ server: own.server });
    const read: string[] = [];
    const end = new AbortController();
    const reading = (async () => {
      for await (const { record } of one.engine.read(1, end.signal)) read.push(Buffer.from(record).toString());
    })();
    for (const text of ['a', 'b']) await one.engine.append('list', bytes(text));
    await own.stop('SIGKILL');
    await own.start();
    await vi.waitFor(() => one.engine.append('list', bytes('c')), { timeout: 10_000, interval: 100 });
    await vi.waitFor(() => expect(read).toEqual(['a', 'b', 'c']), { timeout: 10_000 });
    await vi.waitFor(() => expect(one.delivered).toEqual(['a', 'b', 'c']), { timeout: 10_000 });
    end.abort();
    await reading;
  }, 30_000);

  test('a stream that is full refuses, asks for room, and takes again once there is some', async () => {
    const one = await following({ maxBytes: 3 * MIB });
    const large = bytes('x'.repeat(500_000));
    let last = 0;
    await expect(
      (async () => {
        for (;;) last = await one.engine.append('list', large);
      })(),
    ).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT', message: expect.stringContaining('the stream is full') });
    expect(last).toBeGreaterThan(3);
    expect(one.asksForRoom()).toBeGreaterThan(0);
    expect(one.health.reasons.map(({ source }) => source)).toEqual(['storage']);
    for (const position of [last - 1, last])
      await one.engine.saveSnapshot(
        position,
        (async function* () {
          yield { kind: 0, bytes: bytes('state') };
        })(),
      );
    await one.engine.cut(last);
    await vi.waitFor(() => one.engine.append('list', bytes('y')), { timeout: 10_000, interval: 200 });
    await vi.waitFor(() => expect(one.health.reasons).toEqual([]), { timeout: 10_000 });
    await vi.waitFor(() => expect(one.delivered.at(-1)).toBe('y'));
  }, 30_000);

  test('a log that comes from elsewhere keeps its name, its positions, its times and its snapshot, and comes once', async () => {
    const identity = {
      logId: '11111111-2222-4333-8444-555555555555',
      instanceId: 'an instance',
      createdAt: 1_700_000_000_000,
    };
    const entries: Entry[] = [5, 6, 9].map((position) => {
      const epoch = '0123456789abcdef';
      return {
        position,
        time: 1_700_000_000_000 + position,
        epoch,
        topic: 'list/a',
        record: bytes(`entry ${position}`),
      };
    });
    const moved = () => ({
      identity,
      first: 5,
      snapshot: { position: 6, pieces: [{ kind: 1, bytes: bytes('state') }] },
      entries: (async function* () {
        yield* entries;
      })(),
    });
    const directory = await newDirectory();
    const { engine, stream } = await engineOn({ directory });
    await engine.adopt(moved());

    const next = await engineOn({ directory, stream });
    const { snapshot } = await next.engine.open();
    expect(next.engine.identity).toEqual(identity);
    expect(snapshot!.position).toBe(6);
    const pieces = Array.from(snapshot!.pieces, ({ kind, bytes: piece }) => `${kind} ${Buffer.from(piece)}`);
    expect(pieces).toEqual(['1 state']);
    const delivered: Entry[] = [];
    await next.engine.follow(7, {
      deliver: (entry) => void delivered.push({ ...entry, record: Buffer.from(entry.record) }),
    });
    expect(delivered).toEqual(entries.slice(2));
    const read: Entry[] = [];
    for await (const entry of next.engine.read(5, new AbortController().signal)) {
      read.push({ ...entry, record: Buffer.from(entry.record) });
      if (entry.position === 9) break;
    }
    expect(read).toEqual(entries);
    await expect(next.engine.read(4, new AbortController().signal).next()).rejects.toMatchObject({ from: 4, first: 5 });
    expect(next.engine.extents[0]!.first).toBe(5);
    expect(await next.engine.append('list/a', bytes('goes on'), { expect: 9 })).toBe(10);
    await next.engine.close();

    const again = await engineOn({ stream });
    await expect(again.engine.adopt(moved())).rejects.toMatchObject(foreign('holds snapshots of another log'));
    const elsewhere = await engineOn({ directory });
    await expect(elsewhere.engine.adopt(moved())).rejects.toMatchObject(foreign(`has worked on log ${identity.logId}`));
  });

  const state = (text: string) =>
    (async function* () {
      yield { kind: 0, bytes: bytes(text) };
    })();

  async function objectsOf(stream: string): Promise<string[]> {
    const connection = await connect({ servers: node.server });
    onTestFinished(() => connection.close());
    const objects = await (await new Objm(connection).open(stream)).list();
    return objects
      .filter(({ deleted }) => !deleted)
      .map(({ name }) => name.replace(/^(snapshot\.\d+)\..*/, '$1'))
      .sort();
  }

  test('of snapshots the newest is kept, and the one before it while another bridge may read it; after an erasure the newest alone', async () => {
    const one = await following();
    for (let n = 1; n <= 4; n++) await one.engine.append('list', bytes(`${n} ${n % 2 === 0 ? 'secret' : 'public'}`));
    for (const position of [1, 2, 3]) await one.engine.saveSnapshot(position, state(`${position}`));
    expect(await objectsOf(one.stream)).toEqual(['snapshot.2', 'snapshot.3', 'state']);
    // An older one than the newest is none.
    await one.engine.saveSnapshot(1, state('1'));
    expect(await objectsOf(one.stream)).toEqual(['snapshot.2', 'snapshot.3', 'state']);
    expect(one.engine.cuttable).toBe(2);
    const blank = ({ record }: Entry) => {
      const isIt = Buffer.from(record).includes('secret');
      if (isIt) record.fill(0x2d);
      return isIt;
    };
    expect(await one.engine.rewrite(blank)).toBe(1);
    expect(await objectsOf(one.stream)).toEqual(['entry.2', 'snapshot.3', 'state']);
    expect(one.engine.cuttable).toBe(3);
    const next = await engineOn({ stream: one.stream });
    const { snapshot } = await next.engine.open();
    expect([
      snapshot!.position,
      Array.from(snapshot!.pieces, ({ bytes: piece }) => Buffer.from(piece).toString()),
    ]).toEqual([3, ['3']]);
    // Entries that were overwritten go with the log.
    await one.engine.cut(3);
    expect(await objectsOf(one.stream)).toEqual(['snapshot.3', 'state']);
  });

  test('what was there before a start is known in parts, by the mean of its sizes, with the times of their ends', async () => {
    const one = await following();
    for (let n = 1; n <= 40; n++) await one.engine.append('list', bytes('x'.repeat(1000)));
    await one.engine.saveSnapshot(32, state('32'));
    const { engine } = await engineOn({ stream: one.stream });
    await engine.open();
    await engine.follow(33, { deliver: () => {} });
    const parts = engine.extents;
    expect(parts.slice(0, 16).map(({ first, last }) => [first, last])).toEqual(
      Array.from({ length: 16 }, (_, i) => [2 * i + 1, 2 * i + 2]),
    );
    for (const { bytes: size, time } of parts.slice(0, 16)) {
      expect(size).toBeGreaterThan(2000);
      expect(size).toBeLessThan(2600);
      expect(Math.abs(time - Date.now())).toBeLessThan(60_000);
    }
    expect(parts.slice(16)).toMatchObject([{ first: 33, last: 40, bytes: 8 * 1100 }]);
  });

  test('a connection that is lost is said, and so is a log that cannot be followed any more', async () => {
    const own = await NatsNode.make({ binary });
    onTestFinished(() => own.remove());
    await own.start();
    const { engine, health, lost } = await engineOn({ server: own.server });
    await engine.open();
    await engine.follow(1, {
      deliver: ({ record }) => {
        if (Buffer.from(record).toString() === 'bad') throw new Error('cannot be folded');
      },
    });
    expect([health.reasons, lost]).toEqual([[], []]);
    await own.stop('SIGKILL');
    await vi.waitFor(() => expect(health.reasons.map(({ source }) => source)).toContain('nats'), { timeout: 10_000 });
    expect(engine.isWritable).toBe(false);
    await own.start();
    await vi.waitFor(() => expect(health.reasons).toEqual([]), { timeout: 10_000 });
    await vi.waitFor(() => engine.append('list', bytes('bad')), { timeout: 10_000, interval: 100 });
    const why = 'the log cannot be followed any more: cannot be folded';
    await vi.waitFor(() => expect(lost).toEqual([why]));
    expect(health.reasons).toContainEqual({ source: 'storage', reason: why });
  }, 30_000);
});
