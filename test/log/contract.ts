import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { LogEngine, SnapshotPiece } from '../../src/log/engine.ts';
import { Conflict, type Entry, Gap, MAX_RECORD, type Position } from '../../src/log/log.ts';
import { LogRunner, type LogRunnerOptions } from '../../src/log/runner.ts';
import { bytes, DigestFold, ForgettingFold, ListFold, randomNumbers } from './folds.ts';

/**
 * What every engine of the log keeps to. Whoever writes one calls `engineContract` with it, and needs to read nothing
 * but this file and what it is an interface of: src/log/engine.ts, log.ts and storage-error.ts. Beside what stands there it is
 * taken for granted that a log which is written to by one process alone has the positions 1, 2, 3, …
 */
export interface EngineUnderTest {
  readonly name: string;
  /** A new, empty log. Gone after the test. In memory where that is to be had (`/dev/shm`): there are thousands of commits. */
  create(): Promise<LogUnderTest>;
  /**
   * Names that `onStep` tells: between any two of them something became durable, or may have. None where only a real kill can
   * show it: what is said of ends of a process is then not tried here.
   */
  readonly steps: readonly string[];
  /** The one of them that each commit comes to before anything of it is kept. Left out where none is told. */
  readonly failingCommit?: string;
  /** Seeds of the ends at random steps. @default three */
  readonly seeds?: readonly number[];
}

/** Ends of a process that are tried beside each other. */
const AT_ONCE = 6;

/** Where one log is kept: outlives the engines that work on it. */
export interface LogUnderTest {
  /**
   * A new engine on it, not opened. It is another process's while one is not closed, and the next life of the same one, with its
   * `instanceId`, when all are.
   * @param onStep - called at each step, synchronously; what it throws at `failingCommit` fails that commit.
   */
  engine(onStep?: (step: string) => void): LogEngine;
  /** Whether two engines may work on it at once. If not, the second one's `open()` is refused with `ERR_STORAGE_LOCKED`. */
  readonly isShared: boolean;
  /** A log as a process that is killed now leaves it; may be called in `onStep`. Left out where only a real kill can show it. */
  copy?(): LogUnderTest;
  /** The same, as a power cut leaves it: of what was not yet made durable, some is there, some is not, and some is torn. */
  cutPower?(random: () => number): LogUnderTest;
}

export function engineContract({ name, create, steps, failingCommit, seeds = [1, 2, 3] }: EngineUnderTest): void {
  const never = new AbortController().signal;

  async function started(log: LogUnderTest, options: Partial<LogRunnerOptions> = {}, onStep?: (step: string) => void) {
    const runner = new LogRunner({
      engine: log.engine(onStep),
      clock: { now: () => 1_700_000_000_000, monotonic: () => 0 },
      logger: { warn: () => {} },
      ...options,
    });
    onTestFinished(() => runner.close(AbortSignal.abort()));
    return runner;
  }

  /** A runner with one fold that keeps all it was given. */
  async function listed(log: LogUnderTest, options: Partial<LogRunnerOptions> = {}) {
    const runner = await started(log, options);
    const fold = new ListFold();
    runner.attach('list', fold, ['list/']);
    await runner.load();
    return { runner, fold, list: runner.topic('list') };
  }

  async function take(entries: AsyncIterable<Entry>, count: number): Promise<string[]> {
    const taken: string[] = [];
    if (count === 0) return taken;
    for await (const { position, topic, record } of entries) {
      taken.push(`${position} ${topic} ${Buffer.from(record).toString('latin1')}`);
      if (taken.length === count) break;
    }
    return taken;
  }

  async function* pieces(...texts: string[]): AsyncGenerator<SnapshotPiece> {
    for (const [kind, text] of texts.entries()) yield { kind, bytes: bytes(text) };
  }

  describe(`the contract of engines: ${name}`, () => {
    describe('order', () => {
      test('entries of all topics have one order, which is that of the calls, live and in every replay', async () => {
        const log = await create();
        const { runner, fold } = await listed(log);
        const topics = ['list', 'list/a', 'list/b'].map((topic) => runner.topic(topic));
        const positions = await Promise.all(
          Array.from({ length: 100 }, (_, i) => topics[i % 3]!.append(bytes(`${i}`.padEnd(i * 7, '.')))),
        );
        expect(positions).toEqual(positions.toSorted((a, b) => a - b));
        expect(new Set(positions).size).toBe(100);
        expect(fold.records).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(i * 7, '.')));
        expect(topics.map(({ last }) => last)).toEqual([positions[99], positions[97], positions[98]]);
        const { seen } = fold;
        await runner.close(AbortSignal.abort());

        const again = await listed(log);
        expect(again.fold.seen).toEqual(seen);
        expect(again.list.last).toBe(positions[99]);
      });

      test('an append resolves once its entry was folded, with what it was encoded from; a replay has only bytes', async () => {
        const log = await create();
        const origins: unknown[] = [];
        const open = async () => {
          const runner = await started(log);
          const fold = new ListFold();
          const apply = (entry: Entry) => {
            fold.apply(entry);
            origins.push(entry.origin);
          };
          const snapshot = () => fold.snapshot();
          runner.attach('list', { apply, snapshot, restore: (all) => fold.restore(all) });
          await runner.load();
          return { runner, fold };
        };
        const first = await open();
        const origin = { some: 'object' };
        const position = await first.runner.topic('list').append(bytes('x'), { origin });
        expect(first.fold.seen).toEqual([[position, 'list', 'x']]);
        expect(origins[0]).toBe(origin);
        await first.runner.close(AbortSignal.abort());
        await open();
        expect(origins).toEqual([origin, undefined]);
      });

      test('an entry says when it was committed, the same in every replay', async () => {
        const log = await create();
        const { runner, fold, list } = await listed(log);
        await list.append(bytes('x'));
        await list.append(bytes('y'));
        const { times } = fold;
        expect(times[0]).toBeGreaterThan(0);
        expect(times[1]).toBeGreaterThanOrEqual(times[0]!);
        await runner.close(AbortSignal.abort());
        expect((await listed(log)).fold.times).toEqual(times);
      });

      test('what is kept is as old as its last entry, also when that was written before a start', async () => {
        const log = await create();
        const { runner, fold, list } = await listed(log);
        for (const text of ['x', 'y']) await list.append(bytes(text));
        const { times } = fold;
        expect(runner.extents.at(-1)).toMatchObject({ last: 2, time: times[1] });
        await runner.close(AbortSignal.abort());
        expect((await listed(log)).runner.extents.at(-1)).toMatchObject({ last: 2, time: times[1] });
      });

      test('an entry holds any bytes, none as well, up to its bound; what is larger is refused and not folded', async () => {
        const log = await create();
        const { runner, fold, list } = await listed(log);
        const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i)).toString('latin1');
        const large = 'l'.repeat(MAX_RECORD - 'list'.length);
        for (const text of ['', all, large, 'a', 'ab', 'abc']) await list.append(bytes(text));
        await expect(list.append(bytes(`${large}!`))).rejects.toMatchObject({ code: 'ERR_STORAGE_COMMIT' });
        await list.append(bytes('after'));
        const expected = ['', all, large, 'a', 'ab', 'abc', 'after'];
        expect(fold.records).toEqual(expected);
        await runner.close(AbortSignal.abort());
        expect((await listed(log)).fold.records).toEqual(expected);
      });

      test('an append before load and after close is refused and not folded', async () => {
        const log = await create();
        const runner = await started(log);
        const fold = new ListFold();
        runner.attach('list', fold);
        const topic = runner.topic('list');
        await expect(topic.append(bytes('early'))).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
        await runner.load();
        const last = topic.append(bytes('last'));
        const closing = runner.close();
        await expect(topic.append(bytes('late'))).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
        await Promise.all([last, closing, runner.close()]);
        expect(fold.records).toEqual(['last']);
      });

      test('what an engine has taken is written before it is closed', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        const taken = ['a', 'b'].map((text) => engine.append('list', bytes(text)));
        await engine.close();
        expect(await Promise.all(taken)).toEqual([1, 2]);
        const next = log.engine();
        onTestFinished(() => next.close());
        await next.open();
        const delivered: string[] = [];
        await next.follow(1, { deliver: ({ record }) => void delivered.push(Buffer.from(record).toString()) });
        expect(delivered).toEqual(['a', 'b']);
      });

      test('once it is drained, appends are refused, and a snapshot and a cut may still follow', async () => {
        const log = await create();
        const engine = log.engine();
        onTestFinished(() => engine.close());
        await engine.open();
        const delivered: Position[] = [];
        await engine.follow(1, { deliver: ({ position }) => void delivered.push(position) });
        const under = [engine.append('list', bytes('a')), engine.append('list', bytes('b'))];
        await engine.drain();
        expect(delivered).toEqual([1, 2]);
        expect(await Promise.all(under)).toEqual([1, 2]);
        await expect(engine.append('list', bytes('c'))).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
        await engine.saveSnapshot(2, pieces('state'));
        await engine.cut(2);
        await engine.close();
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        expect((await again.open()).snapshot?.position).toBe(2);
        await again.follow(3, { deliver: ({ position }) => void delivered.push(position) });
        expect(delivered).toEqual([1, 2]);
      });

      test('a position is given once, also after a start from a snapshot with nothing left behind it', async () => {
        const log = await create();
        let last = 0;
        for (const text of ['a', 'b', 'c']) {
          const engine = log.engine();
          const { snapshot } = await engine.open();
          expect(snapshot?.position ?? 0).toBe(last);
          await engine.follow(last + 1, { deliver: () => {} });
          const position = await engine.append('list', bytes(text));
          expect(position).toBeGreaterThan(last);
          last = position;
          await engine.seal();
          await engine.saveSnapshot(last, pieces(text));
          await engine.cut(last);
          await engine.close();
        }
      });

      test('who follows, who reads and who starts again is given the same, whatever becomes of the bytes that were appended', async () => {
        const log = await create();
        const copyOf = ({ position, time, epoch, topic, record }: Entry) => ({
          ...{ position, time, epoch, topic },
          text: Buffer.from(record).toString(),
        });
        const engine = log.engine();
        await engine.open();
        const delivered: unknown[] = [];
        await engine.follow(1, { deliver: (entry) => void delivered.push(copyOf(entry)) });
        // Its bytes belong to whoever appended it again once it is written.
        const record = bytes('0');
        for (const text of ['1', '2', '3']) {
          record.write(text);
          await engine.append(`list/${text}`, record);
        }
        record.write('-');
        const expected = ['1', '2', '3'].map((text) => ({ topic: `list/${text}`, text }));
        await vi.waitFor(() => expect(delivered).toMatchObject(expected));
        const readBy = async (who: LogEngine) => {
          const read: unknown[] = [];
          for await (const entry of who.read(1, never)) if (read.push(copyOf(entry)) === 3) break;
          return read;
        };
        expect(await readBy(engine)).toEqual(delivered);
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        await again.open();
        const replayed: unknown[] = [];
        await again.follow(1, { deliver: (entry) => void replayed.push(copyOf(entry)) });
        expect(replayed).toEqual(delivered);
        expect(await readBy(again)).toEqual(delivered);
      });

      test.runIf(failingCommit !== undefined)(
        'an append that cannot be written is refused, and nobody is given it, then or after a restart',
        async () => {
          const log = await create();
          const texts: string[] = [];
          const opened = async (onStep?: (step: string) => void) => {
            texts.length = 0;
            const engine = log.engine(onStep);
            onTestFinished(() => engine.close());
            await engine.open();
            await engine.follow(1, { deliver: ({ record }) => void texts.push(Buffer.from(record).toString()) });
            return engine;
          };
          let isFailing = false;
          const engine = await opened((step) => {
            if (isFailing && step === failingCommit) throw new Error('no room');
          });
          await engine.append('list', bytes('a'));
          isFailing = true;
          const refused = await Promise.allSettled(['b', 'c'].map((text) => engine.append('list', bytes(text))));
          expect(refused).toMatchObject(refused.map(() => ({ reason: { code: 'ERR_STORAGE_COMMIT' } })));
          isFailing = false;
          expect(texts).toEqual(['a']);
          await engine.close();
          const next = await opened();
          expect(texts).toEqual(['a']);
          await next.append('list', bytes('d'));
          await next.close();
          await opened();
          expect(texts).toEqual(['a', 'd']);
        },
      );

      test('an engine is closed before it was opened, and twice', async () => {
        const engine = (await create()).engine();
        await engine.close();
        await engine.close();
        await expect(engine.append('list', bytes('a'))).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
      });

      test('processes that share a log have its name in common, and each one of their own; or there is no other', async () => {
        const log = await create();
        if (!log.isShared) return;
        const [one, two] = [log.engine(), log.engine()];
        for (const engine of [one, two]) {
          onTestFinished(() => engine.close());
          await engine.open();
        }
        const { instanceId, ...shared } = one.identity;
        expect(two.identity).toMatchObject(shared);
        expect(two.identity.instanceId).not.toBe(instanceId);
      });

      test('the log has an identity of its own, given once', async () => {
        const log = await create();
        const engine = log.engine();
        expect(() => engine.identity).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_CLOSED' }));
        await engine.open();
        const identity = { ...engine.identity };
        expect(identity.logId).toMatch(/^[0-9a-f-]{36}$/);
        expect(identity.createdAt).toBeGreaterThan(0);
        await engine.follow(1, { deliver: () => {} });
        await engine.close();
        // What is made now would be of another time.
        while (Date.now() <= identity.createdAt) await settled();
        const again = log.engine();
        await again.open();
        expect(again.identity).toMatchObject(identity);
        await again.close();
      });
    });

    describe('expectations', () => {
      test('an append that expects what was folded is taken, also while others of the same process are under way', async () => {
        const log = await create();
        const { list, fold } = await listed(log);
        await list.append(bytes('a'), { expect: 0 });
        const { last } = list;
        await Promise.all(['b', 'c', 'd'].map((text) => list.append(bytes(text), { expect: last })));
        await list.append(bytes('e'), { expect: list.last });
        // Only its own entries have come since.
        await list.append(bytes('f'), { expect: last });
        expect(fold.records).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
      });

      test('another process that was first is a conflict, and nothing was written; or there is no other', async () => {
        const log = await create();
        const one = await listed(log);
        if (!log.isShared) {
          const second = log.engine();
          await expect(second.open()).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
          await second.close();
          return;
        }
        const two = await listed(log);
        await one.list.append(bytes('first'), { expect: 0 });
        const conflict = await two.list.append(bytes('late'), { expect: 0 }).catch((error) => error);
        expect(conflict).toBeInstanceOf(Conflict);
        expect(conflict).toMatchObject({ topic: 'list', expected: 0, found: 1 });
        expect(two.list.last).toBe(1);
        await two.runner.topic('list/other').append(bytes('apart'), { expect: 0 });
        // Folded here as well by now: looked at again, the decision is another.
        await two.list.append(bytes('second'), { expect: two.list.last });
        await expect(one.list.append(bytes('stale'), { expect: 1 })).rejects.toThrow(Conflict);
        // Another's entry lies in between, though the last is our own.
        await one.list.append(bytes('unconditional'));
        await expect(one.list.append(bytes('stale'), { expect: 1 })).rejects.toThrow(Conflict);
        expect(one.fold.records).toEqual(['first', 'apart', 'second', 'unconditional']);
        // What others wrote is folded as it comes.
        await vi.waitFor(() => expect(two.fold.records).toEqual(one.fold.records));
      });
    });

    describe('readers', () => {
      test('a reader gets what it has not passed, in order, then what comes, also after a restart', async () => {
        const log = await create();
        const open = async () => {
          const runner = await started(log);
          runner.attach('list', new ListFold());
          const reader = runner.reader('sink');
          await runner.load();
          return { runner, reader, list: runner.topic('list') };
        };
        const first = await open();
        const a = await first.list.append(bytes('a'));
        const b = await first.list.append(bytes('b'));
        expect((await take(lists(first.reader.read(never)), 2)).map(textOf)).toEqual(['a', 'b']);
        await first.reader.retain(a);
        expect(first.reader.position).toBe(a);
        await first.runner.close();

        const second = await open();
        expect(second.reader.position).toBe(a);
        const taken = take(lists(second.reader.read(never)), 3);
        await second.list.append(bytes('c'));
        await second.list.append(bytes('d'));
        expect((await taken).map(textOf)).toEqual(['b', 'c', 'd']);
        await second.reader.retain(b);
        await second.reader.retain(a);
        expect(second.reader.position).toBe(b);
      });

      test('a new reader starts at the end, and reading ends with its signal', async () => {
        const log = await create();
        const { runner, list } = await listed(log);
        await list.append(bytes('before'));
        await runner.close();
        const next = await started(log);
        next.attach('list', new ListFold());
        const reader = next.reader('new');
        await next.load();
        const end = new AbortController();
        const texts: string[] = [];
        const read = (async () => {
          for await (const { record } of lists(reader.read(end.signal))) texts.push(Buffer.from(record).toString());
        })();
        await next.topic('list').append(bytes('after'));
        await vi.waitFor(() => expect(texts).toEqual(['after']));
        end.abort();
        await read;
      });

      test('entries carry the epoch of the opening that wrote them, the same to a fold, a reader and a restart', async () => {
        const log = await create();
        const seen: string[][] = [];
        for (let opening = 0; opening < 3; opening++) {
          const { runner, list } = await listed(log);
          const [a, b] = [await list.append(bytes('a')), await list.append(bytes('b'))];
          const own: string[] = [];
          for await (const entry of lists(runner.read(1, never))) {
            own.push(entry.epoch);
            if (entry.position === b) break;
          }
          expect(own.at(-1)).toMatch(/^[0-9a-f]{16}$/);
          expect(a).toBeLessThan(b);
          seen.push(own);
          await runner.close(AbortSignal.abort());
        }
        const [first, second, third] = seen as [string[], string[], string[]];
        expect(third.slice(0, second.length)).toEqual(second);
        expect(second.slice(0, first.length)).toEqual(first);
        expect(new Set(third)).toHaveLength(3);
      });

      test('one that is behind the cut is told so, and one that is ahead of the end waits', async () => {
        const log = await create();
        const engine = log.engine();
        onTestFinished(() => engine.close());
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (const text of ['a', 'b', 'c']) await engine.append('list', bytes(text));
        await engine.saveSnapshot(2, pieces('state'));
        for (const text of ['d', 'e']) await engine.append('list', bytes(text));
        await engine.saveSnapshot(5, pieces('state'));
        await engine.cut(5);
        const [first] = engine.extents;
        const begin = first?.first ?? 6;
        expect(begin).toBeGreaterThan(1);
        await expect(take(engine.read(1, never), 1)).rejects.toThrow(Gap);
        await expect(take(engine.read(1, never), 1)).rejects.toMatchObject({ from: 1, first: begin });
        const later = take(engine.read(7, never), 1);
        await engine.append('list', bytes('f'));
        await engine.append('list', bytes('g'));
        expect(await later).toEqual(['7 list g']);
      });
    });

    describe('what goes while it is read', () => {
      const last = 40;

      /** Reads from a position on, up to the last one or until it is told of a gap. @param isErased - whether it is by now. */
      async function readOn(engine: LogEngine, from: Position, isErased: () => boolean, begun: () => void = () => {}) {
        const entries = engine.read(from, never)[Symbol.asyncIterator]();
        let next = from;
        try {
          while (next <= last) {
            const text = isErased() ? '------' : '(secret|------)';
            const { position, record } = (await entries.next()).value as Entry;
            expect(position).toBe(next++);
            expect(Buffer.from(record).toString()).toMatch(new RegExp(`^${position} ${text}$`));
            begun();
            // Others have their turn.
            await settled();
          }
          await entries.return?.();
        } catch (error) {
          if (!(error instanceof Gap)) throw error;
          expect(error.from).toBe(next);
          expect(error.first).toBeGreaterThan(next);
          expect(error.first).toBeLessThanOrEqual(last + 1);
        }
      }

      const blank = ({ record }: Entry) => {
        const at = Buffer.from(record).indexOf('secret');
        if (at !== -1) record.fill(0x2d, at, at + 6);
        return at !== -1;
      };

      test('nothing is skipped and nothing is called damaged: who reads is given all in order, or told of the gap', async () => {
        const log = await create();
        const reads: Promise<void>[] = [];
        let isWatched = false;
        let erased = false;
        const isErased = () => erased;
        const engine = log.engine(() => {
          if (isWatched) for (const from of [1, 11, 21]) reads.push(readOn(engine, from, isErased));
        });
        onTestFinished(() => engine.close());
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (let part = 0; part < 4; part++) {
          await Promise.all(
            Array.from({ length: 10 }, (_, i) => engine.append('list', bytes(`${part * 10 + i + 1} secret`))),
          );
          await engine.seal();
        }
        // Where a snapshot before the newest is kept for others, that is as far as a cut goes.
        await engine.saveSnapshot(20, pieces('state'));
        await engine.append('list', bytes('41 secret'));
        await engine.saveSnapshot(40, pieces('state'));
        // They are within the first part when it goes.
        await Promise.all(
          [1, 5, 15].map(
            (from) => new Promise<void>((begun) => void reads.push(readOn(engine, from, isErased, begun))),
          ),
        );
        isWatched = true;
        await engine.cut(15);
        await engine.rewrite(blank);
        erased = true;
        await engine.cut(last);
        isWatched = false;
        await Promise.all(reads);
      });

      test('a start from before the cut is told of the gap', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (const position of [1, 2, 3]) {
          await engine.append('list', bytes(`${position}`));
          await engine.seal();
          await engine.saveSnapshot(position, pieces('state'));
        }
        await engine.cut(3);
        const { first } = await take(engine.read(1, never), 1).then(
          () => expect.unreachable(),
          (error) => error,
        );
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        await again.open();
        const delivered: Position[] = [];
        const following = again.follow(1, { deliver: ({ position }) => void delivered.push(position) });
        await expect(following).rejects.toThrow(Gap);
        await expect(following).rejects.toMatchObject({ from: 1, first });
        expect(delivered).toEqual([]);
      });
    });

    describe('retention', () => {
      const small = { minimumLogBytes: 200 };
      const fill = async (topic: { append(record: Uint8Array): Promise<Position> }, from: number, to: number) => {
        for (let i = from; i < to; i++) {
          await topic.append(bytes(`${i}`.padEnd(40, '.')));
          await settled();
        }
      };

      test('what a configured reader has not passed is kept though snapshots cut the log, and goes when it has', async () => {
        const log = await create();
        const runner = await started(log, small);
        runner.attach('list', new DigestFold());
        const reader = runner.reader('slow');
        await runner.load();
        const list = runner.topic('list');
        await fill(list, 0, 60);
        expect((await take(lists(reader.read(never)), 60)).map(textOf)).toEqual(
          Array.from({ length: 60 }, (_, i) => `${i}`.padEnd(40, '.')),
        );
        await reader.retain(list.last);
        await fill(list, 60, 120);
        await vi.waitFor(() => expect(take(runner.read(1, never), 1)).rejects.toThrow(Gap));
      });

      test('bounds of size take what a reader has not passed: it is told, counted and logged', async () => {
        const log = await create();
        const dropped: number[] = [];
        const warnings: string[] = [];
        const runner = await started(log, {
          ...small,
          logger: { warn: ((text: unknown) => void warnings.push(String(text))) as never },
        });
        runner.attach('list', new DigestFold());
        const reader = runner.reader('slow', {
          maxAge: Number.POSITIVE_INFINITY,
          maxBytes: 600,
          onDropped: (positions) => dropped.push(positions),
        });
        await runner.load();
        const list = runner.topic('list');
        await fill(list, 0, 100);
        const start = reader.position;
        // A cut may be under way, and another one come after it: each is counted once it was made, and told to who reads then.
        await vi.waitFor(async () => {
          const gap = await take(reader.read(never), 1).then(
            () => undefined,
            (error) => error,
          );
          if (!(gap instanceof Gap)) throw new Error('nothing was taken yet', { cause: gap });
          expect(gap.first).toBeGreaterThan(start + 1);
          expect(dropped.reduce((sum, positions) => sum + positions, 0)).toBe(gap.first - 1 - start);
          await reader.retain(gap.first - 1);
          const [next] = await take(reader.read(never), 1);
          expect(next).toMatch(new RegExp(`^${gap.first} `));
        });
        expect(warnings[0]).toMatch(/^slow lags too far behind: \d+ entries/);
      });

      test('the bounds of one reader take nothing from another', async () => {
        const log = await create();
        const runner = await started(log, small);
        runner.attach('list', new DigestFold());
        const bounds = { maxAge: Number.POSITIVE_INFINITY, onDropped: () => expect.unreachable() };
        runner.reader('bounded', { ...bounds, maxBytes: 600 });
        const patient = runner.reader('patient', { ...bounds, maxBytes: Number.POSITIVE_INFINITY });
        await runner.load();
        await fill(runner.topic('list'), 0, 100);
        expect(await take(lists(patient.read(never)), 100)).toHaveLength(100);
      });

      test('bounds of age take it as well', async () => {
        const log = await create();
        let now = Date.now();
        const dropped: number[] = [];
        const runner = await started(log, {
          ...small,
          clock: { now: () => now, monotonic: () => 0 },
        });
        runner.attach('list', new DigestFold());
        runner.reader('slow', {
          maxAge: 1000,
          maxBytes: Number.POSITIVE_INFINITY,
          onDropped: (positions) => dropped.push(positions),
        });
        await runner.load();
        const list = runner.topic('list');
        await fill(list, 0, 30);
        now += 1e15;
        await fill(list, 30, 60);
        // By a snapshot, which may still be under way.
        await vi.waitFor(() => expect(dropped.length).toBeGreaterThan(0));
      });

      test('a reader that is not configured any more keeps nothing, and that is said', async () => {
        const log = await create();
        const first = await started(log, small);
        first.attach('list', new DigestFold());
        first.reader('gone');
        await first.load();
        await fill(first.topic('list'), 0, 20);
        await first.close();
        const warnings: string[] = [];
        const second = await started(log, {
          ...small,
          logger: { warn: ((text: unknown) => void warnings.push(String(text))) as never },
        });
        second.attach('list', new DigestFold());
        await second.load();
        expect(warnings).toEqual(['The log keeps nothing for gone any more: it is not configured']);
        await fill(second.topic('list'), 20, 60);
        // A snapshot may be under way, and the cut with it.
        await vi.waitFor(() => expect(take(second.read(1, never), 1)).rejects.toThrow(Gap));
        await second.close();
        const third = await started(log);
        third.attach('list', new DigestFold());
        const back = third.reader('gone');
        await third.load();
        // It starts as a new one does.
        expect(back.position).toBeGreaterThan(60);
      });
    });

    describe('snapshots', () => {
      test('one is kept whole or not at all, and of the newest only', async () => {
        const log = await create();
        const engine = log.engine();
        expect((await engine.open()).snapshot).toBeUndefined();
        await engine.follow(1, { deliver: () => {} });
        for (const text of ['a', 'b', 'c']) await engine.append('list', bytes(text));
        await engine.saveSnapshot(1, pieces('one'));
        const large = 'x'.repeat(1024 * 1024);
        await engine.saveSnapshot(3, pieces('', 'two', large));
        const failing = (async function* () {
          yield* pieces('three');
          throw new Error('given up');
        })();
        await engine.append('list', bytes('d'));
        await expect(engine.saveSnapshot(4, failing)).rejects.toThrow('given up');
        await engine.close();
        const again = log.engine();
        const { snapshot } = await again.open();
        expect(snapshot?.position).toBe(3);
        const texts = Array.from(snapshot!.pieces, ({ kind, bytes: piece }) => `${kind}${Buffer.from(piece)}`);
        expect(texts).toEqual(['0', '1two', `2${large}`]);
        const delivered: Position[] = [];
        await again.follow(4, { deliver: ({ position }) => void delivered.push(position) });
        expect(delivered).toEqual([4]);
        await again.close();
      });

      test('its pieces may come in one buffer, and what is older than the newest does not take its place', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (const text of ['a', 'b', 'c']) await engine.append('list', bytes(text));
        async function* reused(...texts: string[]): AsyncGenerator<SnapshotPiece> {
          const buffer = Buffer.alloc(100);
          for (const text of texts) yield { kind: 254, bytes: buffer.subarray(0, buffer.write(text)) };
          buffer.fill(0);
        }
        await engine.saveSnapshot(3, reused('one', 'another'));
        await engine.saveSnapshot(2, reused('older'));
        expect(engine.cuttable).toBe(3);
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        const { snapshot } = await again.open();
        expect(snapshot?.position).toBe(3);
        const texts = Array.from(snapshot!.pieces, ({ kind, bytes: piece }) => `${kind} ${Buffer.from(piece)}`);
        expect(texts).toEqual(['254 one', '254 another']);
        expect(again.cuttable).toBe(3);
      });

      test('a start after one that stands within a commit is given what comes after it alone', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        const positions = await Promise.all(['a', 'b', 'c', 'd'].map((text) => engine.append('list', bytes(text))));
        await engine.saveSnapshot(positions[1]!, pieces('state'));
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        expect((await again.open()).snapshot?.position).toBe(positions[1]);
        const delivered: string[] = [];
        await again.follow(positions[1]! + 1, {
          deliver: ({ position, record }) => void delivered.push(`${position} ${Buffer.from(record)}`),
        });
        expect(delivered).toEqual(['3 c', '4 d']);
        expect(await take(again.read(4, never), 1)).toEqual(['4 list d']);
      });

      test('entries behind the snapshot are not cut, whatever is asked for', async () => {
        const log = await create();
        const engine = log.engine();
        onTestFinished(() => engine.close());
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        // By one commit, which the snapshot then stands within.
        await Promise.all(Array.from({ length: 10 }, (_, i) => engine.append('list', bytes(`${i}`))));
        expect(engine.cuttable).toBe(0);
        await engine.cut(10);
        expect(await take(engine.read(1, never), 1)).toEqual(['1 list 0']);
        await engine.saveSnapshot(4, pieces('state'));
        expect(engine.cuttable).toBe(4);
        await engine.cut(10);
        expect(await take(engine.read(5, never), 2)).toEqual(['5 list 4', '6 list 5']);
      });

      test('what is kept is told oldest first, each position once, before and after a restart', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (let position = 1; position <= 6; position++) {
          await engine.append('list', bytes(`${position}`));
          if (position % 2 === 0) await engine.seal();
        }
        const told = (who: LogEngine) => {
          let next = 1;
          for (const { first, last, bytes: size, time } of who.extents.filter(
            (extent) => extent.last >= extent.first,
          )) {
            expect(first).toBe(next);
            expect(size).toBeGreaterThan(0);
            expect(time).toBeGreaterThan(0);
            next = last + 1;
          }
          expect(next).toBe(7);
        };
        // It is delivered by then.
        await vi.waitFor(() => told(engine));
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        await again.open();
        await again.follow(1, { deliver: () => {} });
        told(again);
      });

      test('a snapshot makes all superfluous that was there when the log was sealed, though appends go on', async () => {
        const log = await create();
        const engine = log.engine();
        onTestFinished(() => engine.close());
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        for (const text of ['a', 'b']) await engine.append('list', bytes(text));
        await engine.seal();
        for (const text of ['c', 'd', 'e']) await engine.append('list', bytes(text));
        await engine.saveSnapshot(3, pieces('state'));
        await engine.cut(3);
        await expect(take(engine.read(2, never), 1)).rejects.toThrow(Gap);
        expect(await take(engine.read(4, never), 2)).toEqual(['4 list d', '5 list e']);
      });

      test('all folds come back as they were at one position, while appends went on', async () => {
        const log = await create();
        const steps: string[] = [];
        const runner = await started(log, { minimumLogBytes: 2000 }, (step) => steps.push(step));
        const folds = ['list', 'other'].map((fold) => {
          const list = new ListFold(200);
          runner.attach(fold, list);
          return list;
        });
        await runner.load();
        for (let i = 0; i < 300; i++)
          await runner.topic(i % 3 === 0 ? 'other' : 'list').append(bytes(`${i}:`.padEnd(100)));
        await runner.close();
        const seen = folds.map(({ records }) => records);
        const next = await started(log);
        const restored = ['list', 'other'].map((fold) => {
          const list = new ListFold();
          next.attach(fold, list);
          return list;
        });
        await next.load();
        expect(restored.map(({ records }) => records)).toEqual(seen);
        expect(restored.map(({ applied }) => applied)).toEqual([0, 0]);
      });

      test('the state of a fold that nobody attached is carried over every snapshot, with the entries since', async () => {
        const log = await create();
        const live = async (names: string[], texts: string[], deadline?: AbortSignal) => {
          const runner = await started(log, { minimumLogBytes: 300 });
          const folds = new Map(names.map((fold) => [fold, new ListFold()]));
          for (const [fold, list] of folds) runner.attach(fold, list);
          await runner.load();
          for (const text of texts) {
            for (const fold of names) await runner.topic(fold).append(bytes(`${fold} ${text}`));
            await settled();
          }
          await runner.close(deadline);
          return folds;
        };
        const some = (from: string) => Array.from({ length: 10 }, (_, i) => `${from}${i}`);
        await live(['away', 'home'], some('a'));
        await live(['away', 'home'], some('b'), AbortSignal.abort());
        await live(['home'], some('c'));
        await live(['home'], some('d'));
        const folds = await live(['away', 'home'], []);
        expect(folds.get('away')!.records).toEqual([...some('a'), ...some('b')].map((text) => `away ${text}`));
        expect(folds.get('home')!.records).toHaveLength(40);
      });
    });

    describe('erasing', () => {
      const secret = 'secret';
      const blank = ({ record }: Entry): boolean => {
        const at = Buffer.from(record.buffer, record.byteOffset, record.byteLength).indexOf(secret);
        if (at !== -1) record.fill(0x2d, at, at + secret.length);
        return at !== -1;
      };
      const what = { isWord: false, scrub: (text: Uint8Array) => blank({ record: text } as Entry) };
      const note = bytes('to be erased');

      test('entries up to the snapshot are overwritten in place: for readers, after a restart, and under way', async () => {
        const log = await create();
        const engine = log.engine();
        await engine.open();
        await engine.follow(1, { deliver: () => {} });
        // Some by one commit, some by one each.
        const append = (i: number) => engine.append('list', bytes(`${i} ${i % 10 === 0 ? secret : 'public'}`));
        await Promise.all(Array.from({ length: 50 }, (_, i) => append(i + 1)));
        for (let i = 51; i <= 100; i++) await append(i);
        const before: Entry[] = [];
        for await (const entry of engine.read(1, never)) {
          before.push(entry);
          if (entry.position === 100) break;
        }
        await engine.seal();
        await engine.saveSnapshot(100, pieces('state'));
        await engine.append('list', bytes(`101 ${secret}`));
        const underWay = engine.read(1, never)[Symbol.asyncIterator]();
        const first = await underWay.next();
        expect(Buffer.from((first.value as Entry).record).toString()).toBe('1 public');
        expect(await engine.rewrite(blank)).toBe(10);
        expect(await engine.rewrite(blank)).toBe(0);
        const second: string[] = [];
        for (let i = 2; i <= 101; i++) second.push(Buffer.from((await underWay.next()).value.record).toString());
        await underWay.return?.();
        expect(second[8]).toBe('10 ------');
        expect(second.filter((text) => text.includes(secret))).toEqual([`101 ${secret}`]);
        const shape = ({ position, time, epoch, topic, record }: Entry) => ({
          ...{ position, time, epoch, topic },
          bytes: record.length,
        });
        const shapes = before.map(shape);
        await engine.close();
        const again = log.engine();
        onTestFinished(() => again.close());
        await again.open();
        await again.follow(101, { deliver: () => {} });
        const after: Entry[] = [];
        for await (const entry of again.read(1, never)) {
          after.push(entry);
          if (entry.position === 100) break;
        }
        expect(after.map(shape)).toEqual(shapes);
        expect(Buffer.from(after[19]!.record).toString()).toBe('20 ------');
      });

      test('a note outlives the process until it is taken away', async () => {
        const log = await create();
        const live = async (change: (engine: LogEngine) => Promise<void>) => {
          const engine = log.engine();
          await engine.open();
          await engine.follow(1, { deliver: () => {} });
          const found = await engine.note();
          await change(engine);
          await engine.close();
          return found === undefined ? undefined : Buffer.from(found).toString();
        };
        expect(await live((engine) => engine.setNote(note))).toBeUndefined();
        expect(await live((engine) => engine.setNote(bytes('another')))).toBe('to be erased');
        expect(await live((engine) => engine.setNote(undefined))).toBe('another');
        expect(await live(async () => {})).toBeUndefined();
      });

      /** A fold that keeps its newest records, a reader that keeps all of the log, and one fold that is not attached later. */
      async function opened(log: LogUnderTest, onStep?: (step: string) => void) {
        const runner = await started(log, {}, onStep);
        const fold = new ForgettingFold();
        runner.attach('list', fold);
        const reader = runner.reader('sink');
        await runner.load();
        return { runner, fold, reader, list: runner.topic('list') };
      }

      test('it is gone from folds, attached or not, and from what waits for readers, who are told', async () => {
        const log = await create();
        const first = await started(log);
        first.attach('list', new ForgettingFold());
        first.attach('away', new ListFold());
        first.reader('sink');
        await first.load();
        await first.topic('away').append(bytes(`away ${secret}`));
        await first.topic('list').append(bytes(`list ${secret}`));
        await first.close();

        const { runner, fold, reader, list } = await opened(log);
        let told = 0;
        reader.onErased(() => told++);
        await list.append(bytes(`waiting ${secret}`));
        await runner.topic('away').append(bytes(`more ${secret}`));
        expect(await runner.erase(what, note)).toEqual({ entries: 4, stillIn: [] });
        expect(told).toBe(1);
        expect(await runner.unfinished()).toBeUndefined();
        await list.append(bytes(`later ${secret}`));
        expect(fold.records).toEqual(['list ------', 'waiting ------', `later ${secret}`]);
        expect((await take(lists(reader.read(never)), 3)).map(textOf)).toEqual([
          'list ------',
          'waiting ------',
          `later ${secret}`,
        ]);
        await runner.close(AbortSignal.abort());

        const last = await started(log);
        const [kept, away] = [new ForgettingFold(), new ListFold()];
        last.attach('list', kept);
        last.attach('away', away);
        last.reader('sink');
        await last.load();
        expect(kept.records).toEqual(['list ------', 'waiting ------', `later ${secret}`]);
        expect(away.records).toEqual(['away ------', 'more ------']);
      });

      test('a fold that cannot let go of it is named', async () => {
        const log = await create();
        const { runner, list } = await listed(log);
        await list.append(bytes(secret));
        expect(await runner.erase(what, note)).toMatchObject({ stillIn: ['list'] });
      });

      test.runIf(steps.length > 0)('an end of the process at any step is made up for by the next one', async () => {
        const original = await create();
        const seed = await opened(original);
        for (let i = 0; i < 20; i++) await seed.list.append(bytes(`${i} ${secret}`));
        await seed.runner.close();
        if (!original.copy) return;
        // Each step once as by a kill, and once as by a power cut, where there is one. They wait for the disk, so several do at once.
        for (let first = 0; ; first += AT_ONCE) {
          const turns = Array.from({ length: AT_ONCE }, (_, i) => first + i);
          const ended = await Promise.all(
            turns.map((turn) => endsAt(original.copy!(), turn >> 1, turn % 2 === 1, turn)),
          );
          if (ended.every(Boolean)) continue;
          expect((first + ended.indexOf(false)) >> 1).toBeGreaterThan(3);
          return;
        }
      });

      /** @returns whether it came to that step at all. */
      async function endsAt(log: LogUnderTest, fatal: number, byPower: boolean, seed: number): Promise<boolean> {
        const end = () => (byPower && log.cutPower ? log.cutPower(randomNumbers(seed)) : log.copy!());
        let countdown = Number.POSITIVE_INFINITY;
        let left: LogUnderTest | undefined;
        const { runner, list } = await opened(log, () => {
          if (countdown-- === 0) left = end();
        });
        await list.append(bytes(`last ${secret}`));
        countdown = fatal;
        await runner.erase(what, note);
        await runner.close(AbortSignal.abort());
        if (!left) return false;
        const next = await opened(left);
        const pending = await next.runner.unfinished();
        // Before the note was there nothing had been done, and nobody was told that it was.
        if (pending === undefined && (await holds(next.reader))) await next.runner.erase(what, note);
        else if (pending !== undefined) {
          expect(Buffer.from(pending).toString()).toBe('to be erased');
          await next.runner.erase(what, pending);
        }
        expect(await holds(next.reader)).toBe(false);
        expect(next.fold.records.join()).not.toContain(secret);
        expect(next.fold.records).toHaveLength(21);
        expect(await next.runner.unfinished()).toBeUndefined();
        await next.runner.close(AbortSignal.abort());
        return true;
      }

      async function holds(reader: { read(signal: AbortSignal): AsyncIterable<Entry> }): Promise<boolean> {
        const texts = await take(lists(reader.read(never)), 21);
        const some = texts.filter((text) => text.includes(secret)).length;
        return some > 0;
      }
    });

    describe.runIf(steps.length > 0)('ends of a process', () => {
      /** Lives of a log, each ended at a random step, each going on from what the last one left. */
      async function live(lives: number, seed: number, end: (log: LogUnderTest, random: () => number) => LogUnderTest) {
        const random = randomNumbers(seed);
        const names = ['ledger', 'exporter/a', 'exporter/b'];
        let log = await create();
        let appends: { name: string; text: string }[] = [];
        let bounds = { acknowledged: 0, made: 0 };
        let next = 0;
        const digests = (count: number) =>
          names.map((fold) => {
            const digest = new DigestFold();
            for (const { name: to, text } of appends.slice(0, count)) if (to === fold) digest.add(bytes(text));
            return digest.state;
          });
        const opened = async (from: LogUnderTest, attached: readonly string[], onStep?: (step: string) => void) => {
          const runner = await started(from, { minimumLogBytes: 500 + Math.floor(random() * 5000) }, onStep);
          const folds = names.map(() => new DigestFold());
          for (const fold of attached) runner.attach(fold, folds[names.indexOf(fold)]!);
          await runner.load();
          return { runner, folds };
        };
        for (let life = 0; ; life++) {
          // All folds together hold exactly the first appends, and all that were acknowledged among them.
          const { runner: look, folds } = await opened(log, names);
          const total = folds.reduce((sum, { state }) => sum + state.count, 0);
          expect(total).toBeGreaterThanOrEqual(bounds.acknowledged);
          expect(total).toBeLessThanOrEqual(bounds.made);
          expect(folds.map(({ state }) => state)).toEqual(digests(total));
          appends = appends.slice(0, total);
          await look.close(random() < 0.5 ? AbortSignal.abort() : undefined);
          if (life === lives) return;

          const fatal = steps[Math.floor(random() * steps.length)]!;
          let countdown = Math.floor(random() * 4);
          let left: LogUnderTest | undefined;
          let acknowledged = total;
          const attached = names.filter((_, i) => i === 0 || random() < 0.7);
          const { runner } = await opened(log, attached, (step) => {
            if (left || step !== fatal || countdown-- > 0) return;
            left = end(log, random);
            bounds = { acknowledged, made: appends.length };
          });
          const waiting: Promise<void>[] = [];
          for (let tries = 0; !left && tries < 3000; tries++) {
            const to = attached[Math.floor(random() * attached.length)]!;
            const text = `${next++}/`.padEnd(random() < 0.1 ? 9000 : Math.floor(random() * 300), '=');
            appends.push({ name: to, text });
            const made = appends.length;
            waiting.push(
              runner
                .topic(to)
                .append(bytes(text))
                .then(() => {
                  acknowledged = Math.max(acknowledged, made);
                }),
            );
            if (random() < 0.5) await waiting.at(-1);
          }
          await Promise.all(waiting);
          bounds = left ? bounds : { acknowledged, made: appends.length };
          left ??= end(log, random);
          await runner.close(AbortSignal.abort());
          log = left;
        }
      }

      // The lives above come to any one moment by chance only, and by a runner, which waits for what it is given.
      test('what was acknowledged or delivered is there after an end at any step of a first life, and so is the snapshot', async () => {
        if (!(await create()).copy) return;
        for (let first = 0; ; first += AT_ONCE) {
          const turns = Array.from({ length: AT_ONCE }, (_, i) => first + i);
          const ended = await Promise.all(turns.map((turn) => firstLife(turn >> 1, turn % 2 === 1, turn)));
          if (ended.every(Boolean)) continue;
          expect((first + ended.indexOf(false)) >> 1).toBeGreaterThan(5);
          return;
        }
      });

      /** @returns whether it came to that step at all. */
      async function firstLife(fatal: number, byPower: boolean, seed: number): Promise<boolean> {
        const log = await create();
        let countdown = fatal;
        let left: LogUnderTest | undefined;
        let [made, acknowledged, delivered] = [0, 0, 0];
        let bounds: readonly [least: number, most: number] = [0, 0];
        let [isSaved, saved] = [false, false];
        const end = () => (byPower && log.cutPower ? log.cutPower(randomNumbers(seed)) : log.copy!());
        const engine = log.engine(() => {
          if (countdown-- !== 0) return;
          left = end();
          bounds = [Math.max(acknowledged, delivered), made];
          saved = isSaved;
        });
        onTestFinished(() => engine.close());
        await engine.open();
        await engine.follow(1, { deliver: () => void delivered++ });
        const append = async () => {
          await engine.append('list', bytes(`${++made}`));
          acknowledged++;
        };
        for (const together of [1, 1, 3, 1]) await Promise.all(Array.from({ length: together }, append));
        await engine.seal();
        await append();
        await engine.saveSnapshot(6, pieces('6'));
        isSaved = true;
        await engine.cut(6);
        await engine.close();
        if (!left) return false;
        const next = left.engine();
        onTestFinished(() => next.close());
        const { snapshot } = await next.open();
        const restored = Array.from(snapshot?.pieces ?? [], ({ bytes: piece }) => Buffer.from(piece).toString());
        expect([[], ['6']]).toContainEqual(restored);
        if (saved) expect(restored).toEqual(['6']);
        const position = Number(restored[0] ?? 0);
        expect(snapshot?.position ?? 0).toBe(position);
        const texts: string[] = [];
        await next.follow(position + 1, { deliver: ({ record }) => void texts.push(Buffer.from(record).toString()) });
        expect(texts).toEqual(Array.from(texts, (_, i) => `${position + i + 1}`));
        expect(position + texts.length).toBeGreaterThanOrEqual(bounds[0]);
        expect(position + texts.length).toBeLessThanOrEqual(bounds[1]);
        if (position + texts.length === 0) return true;
        // Also in the middle of a cut: what went is told.
        const told = (error: unknown) => (error instanceof Gap ? ['a gap'] : Promise.reject(error));
        expect(['1 list 1', 'a gap']).toContain((await take(next.read(1, never), 1).catch(told))[0]);
        return true;
      }

      test('each step is come to', async () => {
        const seen = new Set<string>();
        const runner = await started(await create(), { minimumLogBytes: 500 }, (step) => seen.add(step));
        runner.attach('list', new ForgettingFold());
        const sink = runner.reader('sink');
        await runner.load();
        for (let n = 0; n < 50; n++) await runner.topic('list').append(bytes(`${n} secret`.padEnd(100)));
        await runner.erase({ isWord: false, scrub: (text) => text.fill(0x2d).length > 0 }, bytes('note'));
        await sink.retain(runner.position);
        await runner.close();
        expect(steps.filter((step) => !seen.has(step))).toEqual([]);
      });

      test.each(seeds)('killed at any step, the folds hold what was acknowledged, once (seed %i)', async (seed) => {
        if ((await create()).copy) await live(12, seed, (log) => log.copy!());
      });

      test.each(seeds)('and when the power is cut (seed %i)', async (seed) => {
        if ((await create()).cutPower) await live(12, seed + 1000, (log, random) => log.cutPower!(random));
      });
    });
  });
}

/** Only entries of lists: cursors are entries as well. */
async function* lists(entries: AsyncIterable<Entry>): AsyncGenerator<Entry> {
  for await (const entry of entries) if (entry.topic.startsWith('list')) yield entry;
}

function textOf(line: string): string {
  return line.split(' ').slice(2).join(' ');
}

/** Whatever goes on beside the appends has its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
