import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { EmbeddedEngine } from '../../src/log/embedded/engine.ts';
import type { Entry } from '../../src/log/log.ts';
import { moveLog } from '../../src/log/move.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { Health } from '../../src/telemetry/health.ts';
import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';
import { bytes, ListFold } from './folds.ts';

const logger = { info: () => {}, warn: () => {}, error: () => {} } as never;
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'couic-move-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

function engine(name: string): EmbeddedEngine {
  return new EmbeddedEngine({ directory: join(root, name), clock: systemClock, health: new Health(), logger });
}

async function opened(of: EmbeddedEngine | MemoryEngine) {
  const runner = new LogRunner({ engine: of, clock: systemClock, logger });
  const fold = new ListFold();
  runner.attach('list', fold);
  const reader = runner.reader('sink');
  await runner.load();
  return { runner, fold, reader, list: runner.topic('list') };
}

async function read(reader: { read(signal: AbortSignal): AsyncIterable<Entry> }, count: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { position, time, epoch, topic, record } of reader.read(new AbortController().signal)) {
    if (topic === 'list') found.push(`${position} ${time} ${epoch} ${Buffer.from(record)}`);
    if (found.length === count) break;
  }
  return found;
}

test('a log that nothing was written to yet is copied as it is', async () => {
  const first = engine('from');
  await first.open();
  const { identity } = first;
  await first.close();
  expect(await moveLog(engine('from'), engine('to'))).toEqual({ entries: 0, last: 0 });
  const second = await opened(engine('to'));
  expect(second.runner.identity).toEqual(identity);
  expect(await second.list.append(bytes('first'))).toBeLessThan(4);
  await second.runner.close();
});

test.each(['after a stop in order', 'after a kill'])(
  'a log that was copied %s goes on where the other stopped',
  async (how) => {
    const first = await opened(engine('from'));
    await first.list.append(bytes('passed'));
    await first.reader.retain(first.list.last);
    for (const text of ['a', 'b', 'c']) await first.list.append(bytes(text));
    const waiting = await read(first.reader, 3);
    const { identity } = first.runner;
    const { last } = first.list;
    await first.runner.close(how === 'after a kill' ? AbortSignal.abort() : undefined);

    await moveLog(engine('from'), engine('to'));
    const second = await opened(engine('to'));
    expect(second.runner.identity).toEqual(identity);
    expect(second.fold.records).toEqual(['passed', 'a', 'b', 'c']);
    expect(second.list.last).toBe(last);
    expect(await read(second.reader, 3)).toEqual(waiting);
    await second.list.append(bytes('d'), { expect: last });
    expect((await read(second.reader, 4))[3]).toMatch(/ d$/);
    await second.runner.close();
    // What it was copied from is as it was.
    const again = await opened(engine('from'));
    expect(again.fold.records).toEqual(['passed', 'a', 'b', 'c']);
    await again.runner.close();
  },
);

test('where entries are missing in between, what comes after keeps its place', async () => {
  const memory = new MemoryLog();
  const first = await opened(new MemoryEngine(memory));
  for (const text of ['a', 'b', 'c']) await first.list.append(bytes(text));
  const lost = first.list.last - 1;
  await first.runner.close(AbortSignal.abort());
  const source = new MemoryEngine(memory);
  const { read: readAll } = source;
  source.read = async function* (from, signal) {
    for await (const entry of readAll.call(source, from, signal)) if (entry.position !== lost) yield entry;
  };
  await moveLog(source, engine('to'));
  const second = await opened(engine('to'));
  expect(second.fold.records).toEqual(['a', 'c']);
  expect(second.list.last).toBe(lost + 1);
  await second.runner.close();
});

test('nothing is copied over a log that is there, nor into a directory of somebody else', async () => {
  for (const name of ['from', 'to']) await (await opened(engine(name))).runner.close();
  await expect(moveLog(engine('from'), engine('to'))).rejects.toMatchObject({ code: 'ERR_STORAGE_FOREIGN' });
  await expect(moveLog(engine('from'), engine('from'))).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
});

test('nor is one that a bridge works on, or whose erasure is not finished', async () => {
  const memory = new MemoryLog();
  const first = await opened(new MemoryEngine(memory));
  await first.runner.topic('lease').append(bytes('{}'));
  const renewed = async () => void (await first.runner.topic('lease').append(bytes('{}')));
  const shared = () => new MemoryEngine(memory, { isShared: true });
  await expect(moveLog(shared(), engine('to'), renewed)).rejects.toThrow('a bridge works on this log');
  memory.note = bytes('x');
  await expect(moveLog(shared(), engine('to'), async () => {})).rejects.toThrow('an erasure is not finished');
  memory.note = undefined;
  await moveLog(shared(), engine('to'), async () => {});
  await first.runner.close(AbortSignal.abort());
});
