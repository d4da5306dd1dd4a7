import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect, errors, type Msg, type NatsConnection, type Status } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { JetStreamEngine } from '../../src/log/jetstream/engine.ts';
import { Mover } from '../../src/log/jetstream/mover.ts';
import { StreamReader } from '../../src/log/jetstream/stream-reader.ts';
import { type Entry, MAX_RECORD } from '../../src/log/log.ts';
import { Health } from '../../src/telemetry/health.ts';
import { bytes } from '../log/folds.ts';
import { ManualClock } from '../support/ledger.ts';
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
    clock = systemClock as Clock,
    connected = (_connection: NatsConnection): void => {},
  }) {
    const health = new Health();
    const lines: string[] = [];
    const lost: string[] = [];
    const tell = (...told: unknown[]) => void lines.push(String(told.at(-1)));
    const logger = { info: tell, warn: tell, error: tell } as never;
    const engine = new JetStreamEngine({
      async connect() {
        const connection = await connect({ servers: server, reconnectTimeWait: 100, maxReconnectAttempts: -1 });
        connected(connection);
        return connection;
      },
      ...{
        stream,
        replicas,
        maxBytes,
        clock,
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
      await expect(engine.note()).rejects.toMatchObject(closed);
      await expect(engine.look()).rejects.toMatchObject(closed);
      await expect(engine.saveSnapshot(1, state('x'))).rejects.toMatchObject(closed);
      await expect(engine.read(1, new AbortController().signal).next()).rejects.toMatchObject(closed);
      await expect(engine.cut(1)).rejects.toMatchObject(closed);
      await expect(engine.rewrite(() => false)).rejects.toMatchObject(closed);
      await expect(engine.setNote(undefined)).rejects.toMatchObject(closed);
      expect(() => engine.identity).toThrow(expect.objectContaining(closed));
      await expect(engine.follow(1, { deliver: () => {} })).rejects.toMatchObject(closed);
      await engine.open();
      expect([engine.isWritable, engine.silence]).toEqual([false, undefined]);
      await engine.follow(1, { deliver: () => {} });
      expect(engine.isWritable).toBe(true);
      expect(engine.silence).toBeLessThan(60_000);
      expect([engine.cuttable, engine.extents]).toEqual([0, []]);
      expect(await engine.rewrite(() => true)).toBe(0);
      await engine.close();
      await expect(engine.append('list', bytes('x'))).rejects.toMatchObject(closed);
      await expect(engine.isLast('list', 0)).rejects.toMatchObject(closed);
      await expect(engine.follow(1, { deliver: () => {} })).rejects.toMatchObject(closed);
      await expect(engine.read(1, new AbortController().signal).next()).rejects.toMatchObject(closed);
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

  /** Nothing ends by itself, and no look is taken, but by the test. The wall's clock is right. */
  function manualClock(): ManualClock {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const clock = new ManualClock();
    clock.wall = Date.now();
    clock.mono = 50_000;
    return clock;
  }

  test('what lies beside a log that another bridge has cut or erased since this one began is told when it is come to', async () => {
    const one = await following();
    for (let n = 1; n <= 6; n++) await one.engine.append('list', bytes(`${n} ${n === 2 ? 'secret' : 'public'}`));
    const before = await engineOn({ stream: one.stream });
    await before.engine.open();
    for (const position of [2, 3]) await one.engine.saveSnapshot(position, state(`${position}`));
    const blank = ({ record }: Entry) => {
      const isIt = Buffer.from(record).includes('secret');
      if (isIt) record.fill(0x2d);
      return isIt;
    };
    expect(await one.engine.rewrite(blank)).toBe(1);
    const delivered: string[] = [];
    const deliver = ({ position, topic, record }: Entry) =>
      void delivered.push(`${position} ${topic} ${Buffer.from(record)}`);
    await before.engine.follow(1, { deliver });
    expect(delivered.slice(0, 3)).toEqual(['1 list 1 public', '2 list --------', '3 list 3 public']);

    // One that knows of the erasure, and not of the cut.
    const between = await engineOn({ stream: one.stream });
    await between.engine.open();
    const stale = await engineOn({ stream: one.stream });
    await stale.engine.open();
    // What cannot be cut yet stays, whoever asks for it, and however much.
    await one.engine.cut(99);
    await expect(between.engine.follow(1, { deliver })).rejects.toMatchObject({ from: 1, first: 4 });
    await expect(stale.engine.read(3, new AbortController().signal).next()).rejects.toMatchObject({
      from: 3,
      first: 4,
    });
    await expect(stale.engine.follow(3, { deliver })).rejects.toMatchObject({ from: 3, first: 4 });
    expect((await stale.engine.read(4, new AbortController().signal).next()).value).toMatchObject({ position: 4 });
    expect(one.engine.extents[0]!.first).toBe(4);
    // Where the newest snapshot ends, a start goes on.
    const next = await engineOn({ stream: one.stream });
    expect((await next.engine.open()).snapshot!.position).toBe(3);
    await next.engine.follow(4, { deliver });
    // Less than what is cut changes nothing.
    await next.engine.cut(1);
    await expect(next.engine.read(3, new AbortController().signal).next()).rejects.toMatchObject({ from: 3, first: 4 });
  });

  test('what is cut is told, also where it is still there: the last message of a topic stays', async () => {
    const one = await following();
    for (const topic of ['list/a', 'list/b', 'list/b']) await one.engine.append(topic, bytes(topic));
    await one.engine.saveSnapshot(2, state('2'));
    await one.engine.cut(2);
    const next = await engineOn({ stream: one.stream });
    await next.engine.open();
    const gap = { from: 2, first: 3 };
    await expect(next.engine.follow(2, { deliver: () => {} })).rejects.toMatchObject(gap);
    await expect(one.engine.read(2, new AbortController().signal).next()).rejects.toMatchObject(gap);
    await next.engine.follow(3, { deliver: () => {} });
    expect((await next.engine.read(3, new AbortController().signal).next()).value).toMatchObject({ position: 3 });
    // Of that nothing is erased any more, and all that comes after it is looked at, up to the snapshot.
    await one.engine.append('list/b', bytes('4'));
    await one.engine.saveSnapshot(3, state('3'));
    const looked: number[] = [];
    const look = ({ position }: Entry) => looked.push(position) === 0;
    expect(await one.engine.rewrite(look)).toBe(0);
    await one.engine.cut(3);
    expect(await one.engine.rewrite(look)).toBe(0);
    expect(looked).toEqual([3]);
  });

  test('a bridge cuts by the snapshots of others as well', async () => {
    const one = await following();
    const two = await following({ stream: one.stream });
    for (const text of ['1', '2', '3']) await one.engine.append('list', bytes(text));
    for (const position of [1, 2]) await one.engine.saveSnapshot(position, state('x'));
    expect(two.engine.cuttable).toBe(0);
    await two.engine.cut(3);
    await expect(two.engine.read(1, new AbortController().signal).next()).rejects.toMatchObject({ first: 2 });
  });

  test('a start reads its own copy of the newest snapshot; one that is damaged in the bucket as well is told', async () => {
    const directory = await newDirectory();
    const other = await newDirectory();
    const one = await engineOn({ directory });
    const { stream } = one;
    await one.engine.open();
    await one.engine.follow(1, { deliver: () => {} });
    await one.engine.append('list', bytes('x'));
    await one.engine.append('list', bytes('x'));
    const long = 'newest'.repeat(1000);
    await one.engine.saveSnapshot(2, state(long));
    // Of one that is none, nothing is kept.
    await one.engine.saveSnapshot(1, state('late'));
    await one.engine.close();
    const two = await engineOn({ stream, directory: other });
    await two.engine.open();
    await two.engine.close();

    const connection = await connect({ servers: node.server });
    onTestFinished(() => connection.close());
    const info = (await (await new Objm(connection).open(stream)).list()).find(({ name }) => /^snapshot/.test(name))!;
    const chunks = `$O.${stream}.C.${info.nuid}`;
    await (await manager()).streams.purge(`OBJ_${stream}`, { filter: chunks });
    await jetstream(connection).publish(chunks, bytes('damaged'));
    for (const kept of [directory, other]) {
      const again = await engineOn({ stream, directory: kept });
      const { snapshot } = await again.engine.open();
      const pieces = Array.from(snapshot!.pieces, ({ kind, bytes: piece }) => `${kind} ${Buffer.from(piece)}`);
      expect([snapshot!.position, pieces]).toEqual([2, [`0 ${long}`]]);
      await again.engine.close();
    }
    const third = await engineOn({ stream });
    await expect(third.engine.open()).rejects.toMatchObject({
      code: 'ERR_STORAGE_DAMAGED',
      message: expect.stringMatching(
        `^the snapshot ${info.name} in the object store ${stream} cannot be read: .*digests do not match[^]* Restore it from a backup.$`,
      ),
    });
  });

  test('what somebody else writes to the stream is no entry, and no conflict', async () => {
    const one = await following();
    const connection = await connect({ servers: node.server });
    onTestFinished(() => connection.close());
    const { seq } = await jetstream(connection).publish(`${one.stream}.list`, bytes('foreign'));
    expect(await one.engine.append('list', bytes('a'), { expect: 0 })).toBe(seq + 1);
    await vi.waitFor(() => expect(one.delivered).toEqual(['a']));
    expect(one.engine.extents).toMatchObject([{ first: 2, last: 2, bytes: 101 }]);
    const first = await one.engine.read(1, new AbortController().signal).next();
    expect(first.value).toMatchObject({ position: 2, topic: 'list' });
    const last = [1, 2, 3].map(() => one.engine.isLast('list', 2));
    expect(await Promise.all(last)).toEqual([true, true, true]);
  });

  test('a bridge is asked for room when there is none, also for the appends of others, and only then', async () => {
    const one = await following({ maxBytes: 3 * MIB });
    const two = await following({ stream: one.stream, maxBytes: 3 * MIB });
    await two.engine.look();
    const large = bytes('x'.repeat(960_000));
    await one.engine.append('list', large);
    await two.engine.look();
    expect([one.asksForRoom(), two.asksForRoom()]).toEqual([0, 0]);
    await one.engine.append('list', large);
    await vi.waitFor(() => expect([one.delivered.length, two.delivered.length]).toEqual([2, 2]));
    // What cannot wait has room, within what is kept for it.
    await expect(one.engine.append('list', large, { canWait: true })).rejects.toThrow('the stream is full');
    await one.engine.append('list', bytes('small'));
    expect(one.asksForRoom()).toBe(1);
    await two.engine.look();
    expect(two.asksForRoom()).toBe(1);
    // One that begins behind all that knows it from the leader.
    const three = await engineOn({ stream: one.stream, maxBytes: 3 * MIB });
    await three.engine.open();
    await three.engine.follow(4, { deliver: () => {} });
    await expect(three.engine.append('list', bytes('x'), { canWait: true })).rejects.toThrow('the stream is full');
  });

  test('while nothing is heard for more than 3 s this bridge is not well; its server says something every half second', async () => {
    const clock = manualClock();
    const one = await following({ clock });
    expect(one.engine.silence).toBe(0);
    clock.advance(3000);
    vi.advanceTimersByTime(500);
    expect([one.engine.silence, one.health.reasons]).toEqual([3000, []]);
    clock.advance(1);
    vi.advanceTimersByTime(499);
    expect(one.health.reasons).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(one.health.reasons).toEqual([
      {
        source: 'log',
        reason: 'nothing is heard of the log: its server does not answer, or the way to it is broken',
      },
    ]);
    await vi.waitFor(() => expect(one.engine.silence).toBe(0));
    vi.advanceTimersByTime(500);
    expect(one.health.reasons).toEqual([]);
    await one.engine.close();
    clock.advance(10_000);
    vi.advanceTimersByTime(500);
    expect(one.health.reasons).toEqual([]);
  });

  test('with a clock that is wrong nothing is taken, until it is right again; then that is noticed by itself', async () => {
    const clock = manualClock();
    const looked = vi.spyOn(Mover.prototype, 'looked');
    const recovered = vi.spyOn(Mover.prototype, 'recovered');
    onTestFinished(() => {
      looked.mockRestore();
      recovered.mockRestore();
    });
    const one = await following({ clock });
    clock.wall += 120_000;
    await expect(one.engine.append('list', bytes('x'))).rejects.toThrow("this host's clock is 120 s ahead");
    expect([one.engine.isWritable, one.health.reasons.map(({ source }) => source)]).toEqual([false, ['storage']]);
    vi.advanceTimersByTime(1000);
    // What was asked before that is answered before it.
    await one.engine.look();
    expect([looked.mock.calls, one.engine.isWritable]).toEqual([[], false]);
    clock.wall -= 120_000;
    vi.advanceTimersByTime(1000);
    await vi.waitFor(() => expect(one.health.reasons).toEqual([]));
    expect([looked.mock.calls, recovered.mock.calls.length, one.engine.isWritable]).toEqual([[['followed']], 1, true]);
    expect(one.lines).toEqual([
      'The log cannot be written: reports are refused, and their senders keep them',
      'The log can be written again',
    ]);
  });

  const own = { id: 'a', name: 'host 1', version: '1.2.3' };

  test('the clock is known by what the leader told last in less than a second, and by entries of its own', async () => {
    const clock = manualClock();
    const one = await following({ clock });
    const two = await following({ stream: one.stream });
    const look = await one.engine.look();
    /** How far the clock is ahead, ms: to the second, since the server's goes on. */
    const skew = async () => Math.round((await one.engine.bridges(look, own)).bridges[0]!.skew / 1000) + 0;
    expect(await skew()).toBe(0);
    clock.mono += 30_000;
    expect(await skew()).toBe(-30);
    await two.engine.append('list', bytes('of another'));
    await vi.waitFor(() => expect(one.delivered).toHaveLength(1));
    expect(await skew()).toBe(-30);
    await one.engine.append('list', bytes('of its own'));
    await vi.waitFor(() => expect(one.delivered).toHaveLength(2));
    expect(await skew()).toBe(0);
    clock.mono += 20_000;
    for (const [took, told] of [
      [1000, -21],
      [999, 0],
    ] as const) {
      const looking = one.engine.look();
      clock.mono += took;
      await looking;
      expect(await skew()).toBe(told);
    }
  });

  test('what bridges say of themselves is dated by the stream, and of how far they are', async () => {
    const one = await following();
    for (const text of ['a', 'b']) await one.engine.append('list', bytes(text));
    const look = await one.engine.look();
    expect(look).toMatchObject({ last: 2, server: expect.stringContaining(`:${node.port}`), replicas: 1, current: 1 });
    expect(look.bytes).toBeGreaterThan(50);
    expect(Math.abs(look.at - Date.now())).toBeLessThan(60_000);
    expect(await one.engine.bridges(look)).toEqual({ at: look.at, bridges: [] });
    const skew = expect.any(Number);
    const first = { ...own, started: look.at + 5, heard: look.at + 5, behind: 0, skew };
    expect(await one.engine.bridges({ ...look, at: look.at + 5, last: 1 }, own)).toEqual({
      ...{ at: look.at + 5, bridges: [first] },
    });
    const second = { ...first, heard: look.at + 9, behind: 3 };
    expect(await one.engine.bridges({ ...look, at: look.at + 9, last: 5 }, own)).toEqual({
      ...{ at: look.at + 9, bridges: [second] },
    });
    expect((await one.engine.bridges({ ...look, at: look.at + 20 })).bridges).toEqual([second]);
  });

  test('copies are told by what the leader says of those that follow it', async () => {
    // As the server's `PeerInfo` has them: what is false is left out.
    const replicas = [{ current: true }, { current: true, offline: true }, { current: false }, { current: true }];
    const one = await following({
      connected(connection) {
        const request = connection.request.bind(connection);
        connection.request = async (subject, ...rest) => {
          const answer = await request(subject, ...rest);
          if (!subject.startsWith('$JS.API.STREAM.INFO.engine-')) return answer;
          const told = { ...(answer.json() as object), cluster: { leader: 'a', replicas } };
          return { ...answer, data: bytes(JSON.stringify(told)) } as Msg;
        };
      },
    });
    expect(await one.engine.look()).toMatchObject({ replicas: 1, current: 3 });
  });

  test('what happens to the connection is said once, and after it whoever reads begins anew', async () => {
    const restarted = vi.spyOn(StreamReader.prototype, 'restart');
    const connected = vi.spyOn(Mover.prototype, 'connected');
    onTestFinished(() => {
      restarted.mockRestore();
      connected.mockRestore();
    });
    let tell: (status: Status) => void = () => {};
    const one = await following({
      connected(connection) {
        // As the client tells them; credentials.test.ts has a server that does it.
        connection.status = () => {
          const stream = new ReadableStream<Status>({
            start(controller) {
              tell = (status) => controller.enqueue(status);
            },
          });
          return stream.values();
        };
      },
    });
    const { engine, health, lines } = one;
    await engine.append('list', bytes('a'));
    const reading = engine.read(1, new AbortController().signal);
    expect((await reading.next()).value).toMatchObject({ position: 1 });
    const server = 'nats://somewhere:4222';
    async function told(status: Status) {
      tell(status);
      await new Promise((resolve) => setImmediate(resolve));
      return [health.reasons.map(({ reason }) => reason), engine.isWritable, lines.splice(0)];
    }
    const refusal: Status = { type: 'error', error: new errors.AuthorizationError('Authorization Violation') };
    const why = 'the NATS servers take this client no more (Authorization Violation): renew what it shows them';
    const none = 'there is no connection to any of the NATS servers';
    expect(await told({ type: 'error', error: new Error('of no interest') })).toEqual([[], true, []]);
    for (let turn = 0; turn < 2; turn++) {
      expect(await told({ type: 'disconnect', server })).toEqual([
        ...[[none], false, [`The connection to ${server} was lost; connecting again`]],
      ]);
      expect(await told(refusal)).toEqual([
        ...[[why], false, [`The log cannot be written: ${why}. The bridge goes on by itself`]],
      ]);
      expect(await told({ type: 'disconnect', server })).toEqual([[why], false, []]);
      expect(await told(refusal)).toEqual([[why], false, []]);
      expect([restarted.mock.calls.length, connected.mock.calls.length]).toEqual([2 * turn, turn]);
      expect(await told({ type: 'reconnect', server })).toEqual([[], true, [`Connected to ${server} again`]]);
      expect(restarted.mock.calls.slice(2 * turn)).toEqual([[2], [2]]);
      expect(connected.mock.calls[turn]).toEqual([server]);
    }
    expect(await engine.append('list', bytes('b'))).toBe(2);
    expect((await reading.next()).value).toMatchObject({ position: 2 });
    await reading.return();
    await told({ type: 'reconnect', server });
    expect(restarted.mock.calls).toHaveLength(5);
  });

  test('a start that fails lets go of the connection and the directory, and a fold that fails in it is no loss of the log', async () => {
    const directory = await newDirectory();
    const connections: NatsConnection[] = [];
    const connected = (connection: NatsConnection) => void connections.push(connection);
    const failing = await engineOn({ directory, connected, replicas: 3 });
    await expect(failing.engine.open()).rejects.toMatchObject(foreign('cannot be made with 3 copies'));
    expect(connections[0]!.isClosed()).toBe(true);
    const one = await engineOn({ directory });
    await one.engine.open();
    await one.engine.follow(1, { deliver: () => {} });
    await one.engine.append('list', bytes('bad'));
    const two = await engineOn({ stream: one.stream, connected });
    await two.engine.open();
    const following = two.engine.follow(1, {
      deliver() {
        throw new Error('cannot be folded');
      },
    });
    await expect(following).rejects.toThrow('cannot be folded');
    expect([two.lost, two.health.reasons]).toEqual([[], []]);
    await two.engine.close();
    expect(connections[1]!.isClosed()).toBe(true);
  });

  test('an entry is as large as it may be, with its topic', async () => {
    const one = await following();
    await expect(one.engine.append('list', new Uint8Array(MAX_RECORD - 3))).rejects.toThrow('list');
    expect(await one.engine.append('list', new Uint8Array(MAX_RECORD - 4))).toBe(1);
  });

  test('somebody who writes to the stream while a log comes into it is noticed', async () => {
    const { engine, stream } = await engineOn({});
    const connection = await connect({ servers: node.server });
    onTestFinished(() => connection.close());
    const entry = (position: number): Entry => {
      return { position, time: 1, epoch: '0123456789abcdef', topic: 'list', record: bytes(`${position}`) };
    };
    const adopted = engine.adopt({
      identity: { logId: '11111111-2222-4333-8444-555555555555', instanceId: 'me', createdAt: 1 },
      first: 1,
      snapshot: undefined,
      entries: (async function* () {
        yield entry(1);
        await jetstream(connection).publish(`${stream}.list`, bytes('foreign'));
        yield entry(2);
      })(),
    });
    await expect(adopted).rejects.toMatchObject(
      foreign(`stream ${stream} gave position 3 to entry 2: somebody else writes to it`),
    );
    // It has not become a log of the bridge.
    const next = await engineOn({ stream });
    await expect(next.engine.open()).rejects.toMatchObject(foreign('was not made by the bridge'));
  });

  test('a server that has no JetStream for this client is told as one whose JetStream does not answer', async () => {
    const without = await NatsNode.make({
      binary,
      config: 'accounts { A: { users: [{ user: a, password: a }] } }\nno_auth_user: a',
    });
    onTestFinished(() => without.remove());
    await without.start();
    const directory = await newDirectory();
    const connections: NatsConnection[] = [];
    const connected = (connection: NatsConnection) => void connections.push(connection);
    const answer = { code: 'ERR_STORAGE_COMMIT', message: expect.stringContaining('its JetStream does not answer') };
    const { engine } = await engineOn({ server: without.server, directory, connected });
    await expect(engine.open()).rejects.toMatchObject(answer);
    const { engine: next } = await engineOn({ server: without.server, directory, connected });
    const log = { identity: { logId: 'x', instanceId: 'me', createdAt: 1 }, first: 1, snapshot: undefined };
    const adopted = next.adopt({ ...log, entries: (async function* () {})() });
    await expect(adopted).rejects.toMatchObject(answer);
    expect(connections.map((connection) => connection.isClosed())).toEqual([true, true]);
  });
});
