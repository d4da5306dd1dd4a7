import { expect, test } from 'vitest';
import type { Follower } from '../../src/log/engine.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';
import { bytes, ForgettingFold, ListFold } from './folds.ts';

function newRunner(
  memory = new MemoryLog(),
  options: { minimumLogBytes?: number; onStep?: (step: string) => void } = {},
) {
  return new LogRunner({
    engine: new MemoryEngine(memory, options),
    clock: { now: () => 0, monotonic: () => 0 },
    logger: { warn: () => {} },
    ...options,
  });
}

const text = (i: number) => `${i}:`.padEnd(100, 'x');

test('a name is attached once, and before load; so is a reader', async () => {
  const log = newRunner();
  log.attach('list', new ListFold());
  log.reader('sink');
  expect(() => log.attach('list', new ListFold())).toThrow('twice');
  expect(() => log.reader('sink')).toThrow('twice');
  await log.load();
  expect(() => log.attach('late', new ListFold(), ['prefix/'])).toThrow('after');
  expect(() => log.topic('list').name).not.toThrow();
});

test('while it is loaded, and after its end, no fold and no reader is taken', async () => {
  const log = newRunner();
  const list = new ListFold();
  log.attach('list', list);
  const loading = log.load();
  expect(() => log.attach('other', new ListFold())).toThrow('fold other was attached after the log was loaded');
  expect(() => log.reader('sink')).toThrow('reader sink was asked for while the log is being loaded');
  await loading;
  expect(() => log.reader('sink')).not.toThrow();
  await log.close();
  expect(() => log.attach('list', new ListFold())).toThrow('fold list was attached after the log was loaded');
  expect(() => log.reader('late')).toThrow('or after its end');
  await expect(log.load()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
});

test('an erasure of which no snapshot can be taken is not done, and can be tried again', async () => {
  const memory = new MemoryLog();
  let isFailing = true;
  const log = newRunner(memory, {
    onStep: (step) => {
      if (step === 'snapshot-piece' && isFailing) throw new Error('given up');
    },
  });
  const fold = new ForgettingFold();
  log.attach('list', fold);
  log.reader('sink');
  await log.load();
  await log.topic('list').append(bytes('secret'));
  const what = { isWord: false, scrub: () => false };
  await expect(log.erase(what, bytes('note'))).rejects.toMatchObject({
    code: 'ERR_STORAGE_COMMIT',
    message: expect.stringContaining('no snapshot could be taken, so nothing could be let go of'),
  });
  expect(Buffer.from((await log.unfinished())!).toString()).toBe('note');
  isFailing = false;
  expect(await log.erase(what, bytes('note'))).toMatchObject({ stillIn: [] });
  expect(await log.unfinished()).toBeUndefined();
  await log.close();
});

test('a full disk makes it take a snapshot, once in ten seconds, and only where one lets something go', async () => {
  const memory = new MemoryLog();
  let full = () => {};
  class Filled extends MemoryEngine {
    override follow(from: number, follower: Follower): Promise<void> {
      full = () => follower.full?.();
      return super.follow(from, follower);
    }
  }
  let now = 0;
  const clock = { now: () => 0, monotonic: () => now };
  const log = new LogRunner({ engine: new Filled(memory), clock, logger: { warn: () => {} } });
  log.attach('list', new ListFold());
  await log.load();
  const snapshotAfter = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    return memory.snapshot?.position;
  };
  full();
  expect(await snapshotAfter()).toBeUndefined();
  const first = await log.topic('list').append(bytes('a'));
  full();
  expect(await snapshotAfter()).toBe(first);
  const second = await log.topic('list').append(bytes('b'));
  now = 9_999;
  full();
  expect(await snapshotAfter()).toBe(first);
  now = 10_000;
  full();
  expect(await snapshotAfter()).toBe(second);
  // What a reader has still to read stays, snapshot or not.
  log.reader('sink');
  await log.settle();
  await log.topic('list').append(bytes('c'));
  now = 30_000;
  full();
  const third = await snapshotAfter();
  await log.topic('list').append(bytes('d'));
  now = 50_000;
  full();
  expect(await snapshotAfter()).toBe(third);
  await log.close();
});

test('a fold that comes later goes on where the one before it stood, over restarts too', async () => {
  const memory = new MemoryLog();
  const append = (log: LogRunner, text: string) => log.topic('list').append(bytes(text));
  const first = newRunner(memory, { minimumLogBytes: 200 });
  first.attach('list', new ListFold());
  await first.load();
  await append(first, 'first');
  await first.close();

  const log = newRunner(memory);
  await log.load();
  await append(log, 'for nobody');
  const [late, next] = [new ListFold(), new ListFold()];
  log.attach('list', late);
  expect(late.records).toEqual(['first', 'for nobody']);
  await append(log, 'late');
  log.attach('list', next);
  await append(log, 'next');
  expect(late.records).toEqual(['first', 'for nobody', 'late']);
  expect(next.records).toEqual(['first', 'for nobody', 'late', 'next']);
  log.detach('list');
  log.detach('list');
  await append(log, 'kept');
  expect(next.records).toHaveLength(4);
  await log.close();

  const again = newRunner(memory);
  const restored = new ListFold();
  again.attach('list', restored);
  await again.load();
  expect(restored.records).toEqual(['first', 'for nobody', 'late', 'next', 'kept']);
});

test('a reader that is released and asked for again goes on where it stood; without that it keeps nothing', async () => {
  const memory = new MemoryLog();
  const log = newRunner(memory);
  log.attach('list', new ListFold());
  await log.load();
  const append = (text: string) => log.topic('list').append(bytes(text));
  const first = log.reader('sink');
  await log.settle();
  const one = await append('one');
  await append('two');
  await first.retain(one);
  log.release('sink');
  expect(() => log.reader('sink')).not.toThrow();
  expect(() => log.reader('sink')).toThrow('twice');
  await log.settle();
  expect(log.reader('other').position).toBeGreaterThan(one);
  const texts: string[] = [];
  const stop = new AbortController();
  for await (const { topic, record } of first.read(stop.signal)) {
    if (topic === 'list') texts.push(Buffer.from(record).toString());
    if (topic === 'list') stop.abort();
  }
  expect(texts).toEqual(['two']);
  log.release('sink');
  await log.settle();
  expect(log.reader('sink').position).toBeGreaterThan(one + 1);
});

test('a fold that cannot take over leaves the name to the one that had it', async () => {
  const log = newRunner();
  const fold = new ListFold();
  log.attach('list', fold);
  await log.load();
  await log.topic('list').append(bytes('one'));
  const broken = new ListFold();
  broken.restore = () => {
    throw new Error('not this');
  };
  expect(() => log.attach('list', broken)).toThrow('not this');
  await log.topic('list').append(bytes('two'));
  expect(fold.records).toEqual(['one', 'two']);
});

test('topics under a prefix go to the fold that asked for it', async () => {
  const log = newRunner();
  const [ledger, exporter] = [new ListFold(), new ListFold()];
  log.attach('ledger', ledger, ['couic/']);
  log.attach('exporter/a', exporter);
  await log.load();
  for (const topic of ['couic/edge', 'exporter/a', 'ledger', 'couic/core']) await log.topic(topic).append(bytes(topic));
  expect(ledger.records).toEqual(['couic/edge', 'ledger', 'couic/core']);
  expect(exporter.records).toEqual(['exporter/a']);
});

test('a snapshot that fails is given up, and the next one succeeds', async () => {
  const memory = new MemoryLog();
  let failures = 3;
  const log = newRunner(memory, {
    minimumLogBytes: 1000,
    onStep: (step) => {
      if (step === 'snapshot-piece' && failures-- > 0) throw new Error('given up');
    },
  });
  const fold = new ListFold(100);
  log.attach('list', fold);
  await log.load();
  for (let i = 0; i < 200; i++) {
    await log.topic('list').append(bytes(text(i)));
    await new Promise(setImmediate);
  }
  expect(fold.returned).toBeGreaterThan(0);
  await log.close();
  expect(memory.snapshot?.position).toBe(200);
});

test('commits go on between the pieces of a snapshot', async () => {
  const steps: string[] = [];
  const log = newRunner(new MemoryLog(), { minimumLogBytes: 2000, onStep: (step) => steps.push(step) });
  log.attach('list', new ListFold(200));
  await log.load();
  for (let i = 0; i < 300; i++) await log.topic('list').append(bytes(text(i)));
  await log.close();
  const between = steps.slice(steps.indexOf('snapshot-piece'), steps.indexOf('before-flip'));
  expect(between).toContain('after-commit');
});

test('a stop whose deadline is over leaves the log as it is', async () => {
  const memory = new MemoryLog();
  const log = newRunner(memory);
  log.attach('list', new ListFold());
  await log.load();
  for (let i = 0; i < 10; i++) await log.topic('list').append(bytes(text(i)));
  await log.close(AbortSignal.abort());
  expect(memory.snapshot).toBeUndefined();
  const fold = new ListFold();
  const next = newRunner(memory);
  next.attach('list', fold);
  await next.load();
  expect(fold.applied).toBe(10);
});

/** Of an engine that gives entries back after they were taken, as one on servers does. */
function laterRunner(): LogRunner {
  class Later extends MemoryEngine {
    override follow(from: number, follower: Follower): Promise<void> {
      return super.follow(from, { ...follower, deliver: (entry) => void setImmediate(() => follower.deliver(entry)) });
    }
  }
  return new LogRunner({
    engine: new Later(new MemoryLog()),
    clock: { now: () => 0, monotonic: () => 0 },
    logger: { warn: () => {} },
  });
}

test('an append waits for its own fold where the engine gives entries back later, and for no more than that', async () => {
  const log = laterRunner();
  const fold = new ListFold();
  log.attach('list', fold);
  await log.load();
  for (const text of ['a', 'b']) {
    await log.topic('list').append(bytes(text));
    expect(fold.records.at(-1)).toBe(text);
  }
  await Promise.all(['c', 'd', 'e'].map((text) => log.topic('list').append(bytes(text))));
  expect(fold.records).toEqual(['a', 'b', 'c', 'd', 'e']);
  await log.close();
});

test('a fold that throws on an entry that is there ends the log: memory would no longer follow it', async () => {
  const log = newRunner();
  log.attach('list', {
    apply: () => {
      throw new Error('cannot');
    },
    snapshot: () => [],
    restore: () => {},
  });
  await log.load();
  const lost = { code: 'ERR_STORAGE_COMMIT', message: expect.stringContaining('restart the bridge') };
  await expect(log.topic('list').append(bytes('x'))).rejects.toMatchObject(lost);
  await expect(log.topic('list').append(bytes('y'))).rejects.toMatchObject(lost);
  await log.close();
});

test('a log with an entry that cannot be applied is not loaded, and takes nothing', async () => {
  const memory = new MemoryLog();
  const first = newRunner(memory);
  first.attach('list', new ListFold());
  await first.load();
  await first.topic('list').append(bytes('a'));
  await first.close(AbortSignal.abort());
  const log = newRunner(memory);
  const apply = () => {
    throw new Error('cannot');
  };
  log.attach('list', { apply, snapshot: () => [], restore: () => {} });
  await expect(log.load()).rejects.toMatchObject({
    code: 'ERR_STORAGE_COMMIT',
    message: expect.stringContaining('could not be applied'),
  });
  await expect(log.topic('list').append(bytes('b'))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
  expect(memory.last).toBe(1);
});

test('so do appends that wait for it, and nothing that comes after it is applied', async () => {
  const log = laterRunner();
  const applied: string[] = [];
  log.attach('list', {
    apply: ({ record }) => {
      applied.push(Buffer.from(record).toString());
      if (applied.length === 2) throw new Error('cannot');
    },
    snapshot: () => [],
    restore: () => {},
  });
  await log.load();
  const made = await Promise.allSettled(['a', 'b', 'c'].map((text) => log.topic('list').append(bytes(text))));
  expect(made.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
  for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
  expect(applied).toEqual(['a', 'b']);
  await log.close();
});

test('what is erased goes though its own first entry begins a snapshot of what is still there', async () => {
  const log = newRunner(new MemoryLog(), { minimumLogBytes: 1 });
  const fold = new ForgettingFold();
  log.attach('list', fold);
  await log.load();
  await log.topic('list').append(bytes('a secret'));
  const scrub = (text: Uint8Array) => {
    const at = Buffer.from(text.buffer, text.byteOffset, text.byteLength).indexOf('secret');
    if (at !== -1) text.fill(0x2d, at, at + 6);
    return at !== -1;
  };
  expect(await log.erase({ isWord: false, scrub }, bytes('note'))).toMatchObject({ stillIn: [] });
  expect(await log.unfinished()).toBeUndefined();
  await log.close();
});

test('an erasure is told to the other bridges of a log whose folds still hold it, once, and to none that came after it', async () => {
  const memory = new MemoryLog();
  const what = { isWord: false, scrub: () => false };
  const told: string[] = [];
  const bridge = async (name: string, tends = true) => {
    const runner = new LogRunner({
      engine: new MemoryEngine(memory, { isShared: true }),
      clock: { now: () => 0, monotonic: () => 0 },
      logger: { warn: () => {} },
      tends: () => tends,
      onErasedElsewhere: () => void told.push(name),
    });
    runner.attach('list', new ForgettingFold());
    await runner.load();
    return runner;
  };
  const holder = await bridge('holder');
  const other = await bridge('other', false);
  await holder.topic('list').append(bytes('secret'));
  await expect(other.erase(what, bytes('note'))).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await holder.erase(what, bytes('note'));
  expect(told).toEqual(['other']);
  const later = await bridge('later', false);
  expect(told).toEqual(['other']);
  await holder.topic('list').append(bytes('next secret'));
  await holder.erase(what, bytes('note'));
  expect(told).toEqual(['other', 'other', 'later']);
  for (const each of [later, other, holder]) await each.close(AbortSignal.abort());
  // Before it was told by that one: what a start replays of it is from before the snapshot that it began with.
  await (await bridge('last')).close();
  expect(told).toHaveLength(3);
});

test('a snapshot is taken once the log is as long as the least and as the last snapshot, also after a restart', async () => {
  const memory = new MemoryLog();
  /** Positions at which snapshots were taken, as the state grows. */
  const live = async (count: number) => {
    const taken: number[] = [];
    const log = newRunner(memory, {
      minimumLogBytes: 1000,
      onStep: (step) => {
        if (step === 'after-flip') taken.push(memory.snapshot!.position);
      },
    });
    log.attach('list', new ListFold(100_000));
    await log.load();
    for (let i = 0; i < count; i++) {
      await log.topic('list').append(bytes(text(i)));
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    }
    await log.close(AbortSignal.abort());
    return taken;
  };
  const first = await live(100);
  // 100 bytes each, and as JSON three more in the state.
  expect(first[0]).toBe(11);
  for (const [i, position] of first.slice(1).entries()) {
    expect(position - first[i]!).toBeGreaterThanOrEqual(first[i]!);
    expect(position - first[i]!).toBeLessThanOrEqual(first[i]! + 4);
  }
  expect(first.length).toBe(4);
  const [next] = await live(200);
  expect(next! - first.at(-1)!).toBeGreaterThanOrEqual(first.at(-1)!);
});

test('who reads is told of an erasure, and who was released is not', async () => {
  const log = newRunner();
  log.attach('list', new ForgettingFold());
  const told: string[] = [];
  log.reader('stays').onErased(() => told.push('stays'));
  log.reader('goes').onErased(() => told.push('goes'));
  await log.load();
  await log.topic('list').append(bytes('secret'));
  log.release('goes');
  await log.settle();
  await log.erase({ isWord: false, scrub: () => false }, bytes('note'));
  expect(told).toEqual(['stays']);
  await log.close();
});
