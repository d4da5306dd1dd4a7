import { describe, expect, test } from 'vitest';
import type { Observation, StreamInfo } from '../../../src/ledger/series/observation.ts';
import { Host, pointOf, streamOf } from './harness.ts';

const SECOND = 1e9;
const calls = streamOf('counter');

test('totals go on over restarts of the bridge, from the log and from a snapshot', async () => {
  for (const minimumLogBytes of [1, 1e9]) {
    let host = await new Host({ minimumLogBytes }).start();
    const point = (value: number, route: string) =>
      pointOf(value, { start: SECOND, time: value * SECOND, attributes: { route } });
    await host.push([
      [calls, point(5, '/')],
      [calls, point(2, '/login')],
      [streamOf('gauge', 'a', 'load'), pointOf(0.5, { time: 1 })],
      [streamOf('updowncounter', 'a', 'open'), pointOf(7, { time: 1 })],
      [streamOf('updowncounter', 'b', 'open'), pointOf(-2, { start: 1, time: 2, temporality: 'delta' })],
      [streamOf('histogram', 'a', 'time'), pointOf({ bounds: [1], counts: [3, 1], count: 4, sum: 6 })],
    ]);
    host = await host.restart({ minimumLogBytes });
    await host.push([
      [calls, point(6, '/')],
      [streamOf('updowncounter', 'b', 'open'), pointOf(5, { start: 2, time: 3, temporality: 'delta' })],
      [streamOf('histogram', 'a', 'time'), pointOf({ bounds: [1], counts: [3, 2], count: 5, sum: 9 })],
    ]);
    host = await host.restart({ minimumLogBytes });
    expect(await host.totals()).toEqual({
      'a calls {"route":"/"}': 6,
      'a calls {"route":"/login"}': 2,
      'a load {}': 0.5,
      'a open {}': 7,
      'b open {}': 3,
      'a time {}': { buckets: { boundaries: [1], counts: [3, 2] }, count: 5, sum: 9 },
    });
  }
});

test('two sources of one series are two, and attributes may come in any order', async () => {
  const host = await new Host().start();
  const of = (value: number, attributes: Record<string, string>) => pointOf(value, { time: value, attributes });
  await host.push([
    [calls, of(5, { a: '1', b: '2' })],
    [streamOf('counter', 'b'), of(3, { b: '2', a: '1' })],
    [calls, of(6, { b: '2', a: '1' })],
  ]);
  expect(Object.values(await host.totals())).toEqual([6, 3]);
});

test('what was not committed is not counted, and counts when it comes again', async () => {
  let fails = false;
  const host = await new Host({
    commit: async () => {
      if (fails) throw new Error('no space left on device');
    },
  }).start();
  await host.push([[calls, pointOf(5, { time: 1 })]]);
  fails = true;
  await expect(host.push([[calls, pointOf(8, { time: 2 })]])).rejects.toThrow('no space left');
  expect(await host.totals()).toEqual({ 'a calls {}': 5 });
  fails = false;
  await host.push([[calls, pointOf(8, { time: 2 })]]);
  expect(await host.totals()).toEqual({ 'a calls {}': 8 });
});

test('a point that tells nothing new is not written, unless one before it is still under way', async () => {
  let commit = () => Promise.resolve();
  const host = await new Host({ commit: () => commit() }).start();
  const point = (value: number, time: number) => pointOf(value, { time });
  expect(await host.push([[calls, point(5, 1)]])).toEqual(['taken']);
  const entries = host.log.entries.length;
  expect(await host.push([[calls, point(5, 2)]])).toEqual(['unchanged']);
  expect(host.log.entries).toHaveLength(entries);
  // A counter that fell, and is back where it was before the first of them is on disk.
  let release = () => {};
  commit = () => new Promise((resolve) => (release = resolve));
  const fell = host.push([[calls, point(1, 3)]]);
  await new Promise(setImmediate);
  commit = () => Promise.resolve();
  const back = host.push([[calls, point(5, 4)]]);
  await new Promise(setImmediate);
  release();
  expect([await fell, await back]).toEqual([['taken'], ['taken']]);
  expect(await host.totals()).toEqual({ 'a calls {}': 10 });
});

describe('series that are not heard of', () => {
  test('are shown no more; what they counted is kept, and told to whoever tells differences', async () => {
    let host = await new Host({ expiration: 300_000 }).start();
    const load = streamOf('gauge', 'a', 'load');
    await host.push([
      [calls, pointOf(5, { time: 1 })],
      [load, pointOf(1, { time: 1 })],
    ]);
    host.time.advance(299_000);
    expect(await host.push([[calls, pointOf(5, { time: 2 })]])).toEqual(['unchanged']);
    host.time.advance(2000);
    expect(await host.totals()).toEqual({ 'a calls {}': 5 });
    host.time.advance(300_000);
    expect(await host.totals()).toEqual({});
    expect(await host.totals('totals')).toEqual({ 'a calls {}': 5 });
    await host.keeper.expire();
    // A restart does not bring them back for a while.
    host = await host.restart();
    expect(await host.totals()).toEqual({});
    expect(await host.push([[calls, pointOf(7, { time: 3 })]])).toEqual(['taken']);
    expect(await host.totals()).toEqual({ 'a calls {}': 7 });
  });

  test('end at once when their source says so, and come again', async () => {
    const host = await new Host().start();
    await host.push([[calls, pointOf(5, { time: 1 })]]);
    expect(await host.push([[calls, pointOf('ended', { time: 2 })]])).toEqual(['taken']);
    expect(await host.totals()).toEqual({});
    expect(await host.push([[calls, pointOf('ended', { time: 3 })]])).toEqual(['unchanged']);
    expect(await host.push([[calls, pointOf(5, { time: 4 })]])).toEqual(['taken']);
    expect(await host.totals()).toEqual({ 'a calls {}': 5 });
  });

  test('are forgotten after a long time, once those who tell differences had the last of them', async () => {
    let host = await new Host({ expiration: 1000, forgetAfter: 60_000 }).start();
    const asked: unknown[] = [];
    let isReady = false;
    const listen = () =>
      host.keeper.beforeForgetting(async () => {
        asked.push(await host.totals('totals'));
        if (!isReady) throw new Error('not yet');
      });
    listen();
    await host.push([
      [calls, pointOf(5, { time: 1, attributes: { n: 1 } })],
      [calls, pointOf(6, { time: 1, attributes: { n: 2 } })],
    ]);
    host.time.advance(2000);
    await host.push([[calls, pointOf(7, { time: 2, attributes: { n: 2 } })]]);
    await host.keeper.expire();
    host.time.advance(61_000);
    await host.push([[calls, pointOf(8, { time: 3, attributes: { n: 2 } })]]);
    await expect(host.keeper.forget()).rejects.toThrow('not yet');
    isReady = true;
    await host.keeper.forget();
    const both = { 'a calls {"n":1}': 5, 'a calls {"n":2}': 8 };
    expect(asked.slice(-2)).toEqual([both, both]);
    expect(await host.totals('totals')).toEqual({ 'a calls {"n":2}': 8 });
    // Its place is given again, and means the same after a restart.
    await host.push([[calls, pointOf(1, { time: 4, attributes: { n: 3 } })]]);
    host = await host.restart({ minimumLogBytes: 1 });
    await host.push([[calls, pointOf(2, { time: 5, attributes: { n: 1 } })]]);
    host = await host.restart();
    expect(await host.totals('totals')).toEqual({
      'a calls {"n":1}': 2,
      'a calls {"n":2}': 8,
      'a calls {"n":3}': 1,
    });
  });
});

describe('points that are refused', () => {
  const histogram = streamOf('histogram', 'a', 'time');
  const buckets = (bounds: number[], counts: number[]) => pointOf({ bounds, counts, count: 1, sum: 1 });
  test.each<[string, StreamInfo, Observation]>([
    ['value', calls, pointOf(Number.NaN)],
    ['value', calls, pointOf(-1)],
    ['value', streamOf('gauge'), pointOf(Number.POSITIVE_INFINITY)],
    ['attributes', calls, pointOf(1, { attributes: { path: 'x'.repeat(5000) } })],
    ['buckets', histogram, buckets([1, 2], [1, 0])],
    ['buckets', histogram, buckets([2, 1], [1, 0, 0])],
    ['value', histogram, pointOf({ bounds: [], counts: [1], count: Number.NaN, sum: 1 })],
  ])('for their %s', async (reason, stream, point) => {
    const host = await new Host().start();
    expect(await host.push([[stream, point]])).toEqual([reason]);
    expect(await host.totals()).toEqual({});
  });

  test('beyond the bound on series, also by requests that come together; those that are known go on', async () => {
    const host = await new Host({ maxSeries: 3 }).start();
    const numbered = (n: number, value = 1) => [calls, pointOf(value, { time: value, attributes: { n } })] as const;
    const [first, second] = await Promise.all([
      host.push([numbered(1), numbered(2), numbered(1, 2)]),
      host.push([numbered(3), numbered(4)]),
    ]);
    expect([first, second]).toEqual([
      ['taken', 'taken', 'taken'],
      ['taken', 'limit'],
    ]);
    expect(await host.push([numbered(1, 5), numbered(5)])).toEqual(['taken', 'limit']);
    expect(host.keeper.table.size).toBe(3);
  });
});

test('buckets of other bounds begin anew, and a reader is told so by another start', async () => {
  const host = await new Host().start();
  const histogram = streamOf('histogram', 'a', 'time');
  const push = (bounds: number[], counts: number[], time: number) =>
    host.push([[histogram, pointOf({ bounds, counts, count: 3, sum: undefined }, { start: 1, time })]]);
  const start = async () => {
    const { resourceMetrics } = await host.keeper.producer(['receiver/otlp']).collect();
    return resourceMetrics.scopeMetrics[0]!.metrics[0]!.dataPoints[0]!.startTime;
  };
  await push([1], [2, 1], 2e18);
  const before = await start();
  host.time.advance(1000);
  await push([1, 5], [2, 1, 0], 3e18);
  expect(await host.totals()).toEqual({
    'a time {}': { buckets: { boundaries: [1, 5], counts: [2, 1, 0] }, count: 3 },
  });
  expect(await start()).not.toEqual(before);
  await push([1], [4, 1], 2.5e18);
  expect(await host.totals()).toEqual({
    'a time {}': { buckets: { boundaries: [1, 5], counts: [2, 1, 0] }, count: 3 },
  });
});

test('what is erased from the log takes the series with it that has it in its attributes', async () => {
  const host = await new Host().start();
  await host.push([
    [calls, pointOf(5, { attributes: { client: '192.0.2.7' } })],
    [calls, pointOf(6, { attributes: { client: '192.0.2.8' } })],
  ]);
  const scrub = (text: Uint8Array) => {
    const at = Buffer.from(text.buffer, text.byteOffset, text.byteLength).indexOf('192.0.2.7');
    if (at === -1) return false;
    text.fill(0x2a, at, at + 9);
    return true;
  };
  const { stillIn } = await host.runner.erase({ isWord: false, scrub }, new Uint8Array([1]));
  expect(stillIn).toEqual([]);
  expect(await host.totals()).toEqual({ 'a calls {"client":"192.0.2.8"}': 6 });
});

test('attributes of any characters are one series', async () => {
  let host = await new Host({ minimumLogBytes: 1 }).start();
  const odd = ['é', 'Ā', '😀', '\ud800', 'a\0b', '"', '\\', ''].map((value, n) => ({ [`${value}key`]: value, n }));
  for (const time of [1, 2]) {
    await host.push(odd.map((attributes) => [calls, pointOf(time * 5, { time, attributes })]));
    host = await host.restart({ minimumLogBytes: 1 });
  }
  expect(host.keeper.table.size).toBe(odd.length);
  expect(new Set(Object.values(await host.totals()))).toEqual(new Set([10]));
});

test('nothing is forgotten while a request is being taken: what it brings may be of a series that is about to go', async () => {
  const host = await new Host({ expiration: 1000, forgetAfter: 60_000 }).start();
  await host.push([[calls, pointOf(5, { time: 1 })]]);
  host.time.advance(2000);
  await host.keeper.expire();
  // No timer looks for what is over in this test.
  await host.keeper.stop();
  host.time.advance(61_000);
  const push = await host.keeper.open();
  push.add(push.stream(calls), pointOf(7, { time: 2 }));
  let isForgotten = false;
  const forgotten = host.keeper.forget().then(() => {
    isForgotten = true;
  });
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(isForgotten).toBe(false);
  await push.finish();
  push.close();
  await forgotten;
  expect(await host.totals()).toEqual({ 'a calls {}': 7 });
});

test('another process that was first has the sender come again, and nothing is counted twice', async () => {
  const one = await new Host().start();
  const both = await new Host({ log: one.log, time: one.time }).start();
  await one.push([[calls, pointOf(5, { time: 1 })]]);
  const push = await one.keeper.open();
  push.add(push.stream(calls), pointOf(8, { time: 2 }));
  await both.push([[calls, pointOf(9, { time: 3 })]]);
  await expect(push.finish()).rejects.toThrow('another process has written to receiver/otlp');
  push.close();
  await one.push([[calls, pointOf(8, { time: 2 })]]);
  for (const each of [one, both]) expect(await each.totals()).toEqual({ 'a calls {}': 9 });
});
