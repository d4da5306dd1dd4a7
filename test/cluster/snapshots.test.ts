import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { Objm } from '@nats-io/obj';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { type SharedState, SnapshotStore } from '../../src/log/jetstream/snapshots.ts';
import { bytes } from '../log/folds.ts';
import { describeWithNats } from './tools/describe-with-nats.ts';
import { NatsNode } from './tools/nats-node.ts';

const MIB = 1024 * 1024;
const NOTHING = { cut: 0, rewritten: 0 };

describeWithNats('what lies beside the log', (binary) => {
  let node: NatsNode;
  let connection: NatsConnection;
  let names = 0;
  beforeAll(async () => {
    node = await NatsNode.make({ binary });
    await node.start();
    connection = await connect({ servers: node.server });
  });
  afterAll(async () => {
    await connection?.close();
    await node?.remove();
  });

  async function open(stream = `beside-${++names}`, maxBytes = 8 * MIB) {
    const jsm = await jetstreamManager(connection);
    const store = await SnapshotStore.open(jetstream(connection), jsm, { stream, replicas: 1, maxBytes });
    const objects = await new Objm(connection).open(stream);
    /** What there is, without what is different each time. */
    async function there(): Promise<string[]> {
      return (await objects.list()).map(({ name }) => name.replace(/[0-9a-f-]{36}$/, 'uuid')).sort();
    }
    const messages = async () => {
      const { state } = await jsm.streams.info(`OBJ_${stream}`, { subjects_filter: '>' });
      return Object.keys(state.subjects ?? {}).length;
    };
    return { stream, store, objects, jsm, there, messages };
  }

  async function* given(...texts: string[]) {
    for (const text of texts) yield bytes(text);
  }

  test('the bucket is made once, for files, with the room and the copies that the log has; another one is refused', async () => {
    const { stream, jsm } = await open();
    const { config } = await jsm.streams.info(`OBJ_${stream}`);
    expect(config).toMatchObject({
      ...{ storage: 'file', num_replicas: 1, max_bytes: 8 * MIB, max_age: 0 },
      description: 'Snapshots of the log of the Couic OTel bridge',
    });
    await open(stream);
    await expect(open(stream, 9 * MIB)).rejects.toMatchObject({
      code: 'ERR_STORAGE_FOREIGN',
      message: `stream OBJ_${stream} has other settings: {"replicas":1,"max_bytes":8388608,"max_age":0}, and they should be {"replicas":1,"max_bytes":9437184,"max_age":0}. Change the stream (nats stream edit), or the configuration.`,
    });
    await jsm.streams.update(`OBJ_${stream}`, { max_age: 3_600_000_000_000 });
    await expect(open(stream)).rejects.toThrow('"max_age":3600000000000');
  });

  test('what is agreed upon is changed in place of what was read, however many change it at once', async () => {
    const { stream, store, objects } = await open();
    expect(await store.state()).toEqual(NOTHING);
    expect(await store.update(() => undefined)).toEqual(NOTHING);
    expect(await objects.info('state')).toBeNull();
    const stores = [store, (await open(stream)).store];
    const more = (state: SharedState) => ({ ...state, cut: state.cut + 1 });
    const all = await Promise.all(Array.from({ length: 6 }, (_, i) => stores[i % 2]!.update(more)));
    expect(all.map(({ cut }) => cut).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await store.state()).toEqual({ cut: 6, rewritten: 0 });
    // Of what stays nothing is written.
    const before = await objects.info('state');
    expect(await store.update(() => undefined)).toEqual({ cut: 6, rewritten: 0 });
    expect((await objects.info('state'))!.revision).toBe(before!.revision);

    const bridge = { id: 'a', name: 'a', version: '1', started: 1, heard: 2, behind: 0, skew: 0 };
    expect(await store.updateBridges(() => undefined)).toEqual([]);
    expect(await store.updateBridges((bridges) => [...bridges, bridge])).toEqual([bridge]);
    expect(await store.updateBridges((bridges) => [bridge, ...bridges])).toEqual([bridge, bridge]);
    expect(await store.state()).toEqual({ cut: 6, rewritten: 0 });
  });

  test('what cannot be written is told, and not tried for ever', async () => {
    const { store } = await open(undefined, 20_000);
    const bridge = { id: 'x'.repeat(30_000), name: '', version: '', started: 1, heard: 2, behind: 0, skew: 0 };
    await expect(store.updateBridges(() => [bridge])).rejects.toThrow('maximum bytes exceeded');
  });

  test('a snapshot is read as it was written, and known by its digest; one that is not there is told', async () => {
    const { store } = await open();
    const long = 'x'.repeat(300_000);
    const saved = await store.save(7, given('a', long, 'b'));
    expect(saved.name).toMatch(/^snapshot\.7\.[0-9a-f-]{36}$/);
    expect(saved.state).toEqual({ ...NOTHING, newest: { position: 7, name: saved.name }, previous: undefined });
    expect(await store.state()).toEqual({ ...NOTHING, newest: { position: 7, name: saved.name } });
    expect(Buffer.from(await store.read(saved.name)).equals(Buffer.from(`a${long}b`))).toBe(true);
    expect(await store.digestOf(saved.name)).toBe(saved.digest);
    expect(await store.digestOf('snapshot.8.x')).toBeUndefined();
    await expect(store.read('snapshot.8.x')).rejects.toThrow('the snapshot snapshot.8.x is gone');
  });

  test('one that is not newer than the newest is let go of at once, with all that it was', async () => {
    const { store, there, messages } = await open();
    const first = await store.save(7, given('7'));
    const before = await messages();
    for (const position of [6, 7])
      expect((await store.save(position, given('late'))).state).toEqual(await store.state());
    expect((await store.state()).newest).toEqual({ position: 7, name: first.name });
    expect(await there()).toEqual(['snapshot.7.uuid', 'state']);
    expect(await messages()).toBe(before);
    const second = await store.save(8, given('8'));
    expect(second.state).toMatchObject({ newest: { position: 8 }, previous: { position: 7, name: first.name } });
  });

  test('of what a bridge left that ended, the older ones go, and others after an hour', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const { store, objects, there, messages } = await open();
    const put = (name: string) => objects.putBlob({ name }, bytes('left'));
    const now = Date.now();
    await store.save(5, given('5'));
    vi.setSystemTime(now - 3_600_001);
    await put('snapshot.5.long-ago');
    await put('snapshot.x');
    await put('entry.1');
    await put('some-snapshot.1');
    vi.setSystemTime(now - 3_600_000);
    await put('snapshot.9.an-hour-ago');
    vi.setSystemTime(now);
    await put('snapshot.4.older');
    await put('snapshot.5.beside');
    await store.save(6, given('6'));
    const others = ['entry.1', 'snapshot.5.beside', 'snapshot.5.uuid', 'snapshot.6.uuid', 'snapshot.9.an-hour-ago'];
    expect(await there()).toEqual([...others, 'some-snapshot.1', 'state']);
    expect(await messages()).toBe(2 * 7 - 1);
    // Where there is no one before it, older is what is older than the newest.
    await store.keepNewest();
    expect(await there()).toEqual(['entry.1', 'snapshot.6.uuid', 'snapshot.9.an-hour-ago', 'some-snapshot.1', 'state']);
    expect(await store.state()).toMatchObject({ newest: { position: 6 } });
    expect(await store.state()).not.toHaveProperty('previous');
    const { revision } = (await objects.info('state'))!;
    await store.keepNewest();
    expect((await objects.info('state'))!.revision).toBe(revision);
  });

  test('before the first snapshot is one, what another bridge is writing is left to it', async () => {
    const { store, objects, there } = await open();
    await objects.putBlob({ name: 'snapshot.4.of-another' }, bytes('x'));
    await store.keepNewest();
    expect(await there()).toEqual(['snapshot.4.of-another']);
  });

  test('a note is kept until it is taken away, and is then gone from the stream as well', async () => {
    const { store, stream, objects, jsm } = await open();
    expect(await store.note()).toBeUndefined();
    await store.setNote(undefined);
    for (const note of [Buffer.from([0, 255, 7]), Buffer.from('another'), Buffer.alloc(0)]) {
      await store.setNote(note);
      expect(Buffer.from((await store.note())!)).toEqual(note);
    }
    const { revision } = (await objects.info('note'))!;
    expect(await jsm.streams.getMessage(`OBJ_${stream}`, { seq: revision })).not.toBeNull();
    await store.setNote(undefined);
    expect(await store.note()).toBeUndefined();
    expect(await jsm.streams.getMessage(`OBJ_${stream}`, { seq: revision })).toBeNull();
  });

  test('entries that were overwritten are read as they were left, and go up to a position', async () => {
    const { store, there, messages } = await open();
    const entry = (position: number, text: string) => {
      return { position, time: 1000 + position, epoch: '0123456789abcdef', topic: 'list/a', record: bytes(text) };
    };
    expect(await store.entry(2)).toBeUndefined();
    for (const [position, text] of [
      [2, 'two'],
      [3, ''],
      [4, 'four'],
      [10, 'first'],
      [10, 'ten'],
    ] as const)
      await store.putEntry(entry(position, text));
    for (const [position, text] of [
      [2, 'two'],
      [3, ''],
      [4, 'four'],
      [10, 'ten'],
    ] as const) {
      const { record, ...rest } = (await store.entry(position))!;
      const { record: _, ...should } = entry(position, text);
      expect([rest, Buffer.from(record).toString()]).toEqual([should, text]);
    }
    await store.save(12, given('12'));
    await store.cutEntries(3);
    expect(await there()).toEqual(['entry.10', 'entry.4', 'snapshot.12.uuid', 'state']);
    expect(await messages()).toBe(7);
    expect(await store.entry(3)).toBeUndefined();
    await store.cutEntries(10);
    expect(await there()).toEqual(['snapshot.12.uuid', 'state']);
  });
});
