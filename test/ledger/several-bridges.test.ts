import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unknownAttempt } from '../../src/ledger/attempt.ts';
import { type IngestResult, SupersededError } from '../../src/ledger/ledger.ts';
import { LogRunner } from '../../src/log/runner.ts';
import { deferred } from '../support/deferred.ts';
import { ManualClock, newLedger, sourceOf, split } from '../support/ledger.ts';
import { MemoryEngine, MemoryLog } from '../support/memory-engine.ts';

type Ledger = ReturnType<typeof newLedger>['ledger'];

let memory: MemoryLog;
let runners: LogRunner[] = [];
let clocks: ManualClock[] = [];
/** Runs before the commits of a bridge, by its number. */
let beforeCommit: (() => Promise<void>)[] = [];
beforeEach(() => {
  memory = new MemoryLog();
  beforeCommit = [];
  clocks = [];
});
afterEach(async () => {
  await Promise.all(runners.map((runner) => runner.close(AbortSignal.abort())));
  runners = [];
});

/** Another bridge on the same log. */
async function bridge(): Promise<Ledger> {
  const number = runners.length;
  const clock = new ManualClock();
  clocks.push(clock);
  const engine = new MemoryEngine(memory, {
    isShared: true,
    now: () => 1,
    commit: async () => beforeCommit[number]?.(),
  });
  const runner = new LogRunner({ engine, clock, logger: { warn: () => {} } });
  runners.push(runner);
  const { ledger } = newLedger(runner, clock);
  await runner.load();
  await ledger.start();
  return ledger;
}

function body(...tags: string[]): string {
  const reports = tags.map((tag) => ({
    action: 'add',
    policy: 'drop',
    entry: { creation: 1_700_000_000, cidr: '192.0.2.1/32', tag, expiration: 0 },
    metadata: { kind: 'manual' },
  }));
  return JSON.stringify(reports);
}

function send(ledger: Ledger, text: string): Promise<IngestResult> {
  return ledger.ingest('paris', sourceOf(split(text)));
}

async function totals(ledger: Ledger): Promise<string> {
  const { resourceMetrics } = await ledger.producer().collect();
  return JSON.stringify(resourceMetrics.scopeMetrics.map(({ metrics }) => metrics));
}

describe('several bridges on one log', () => {
  test('show the same, whichever took a body', async () => {
    const [one, two] = [await bridge(), await bridge()];
    await send(one, body('a'));
    await send(two, body('b', 'c'));
    await send(one, body('d'));
    expect(await totals(one)).toBe(await totals(two));
    expect(await totals(one)).toContain('"d"');
  });

  test('a retry that reaches another bridge counts nothing twice, and goes on where the first attempt ended', async () => {
    const [one, two] = [await bridge(), await bridge()];
    expect(await send(one, body('a', 'b'))).toMatchObject({ accepted: 2, replayed: 0 });
    expect(await send(two, body('a', 'b'))).toMatchObject({ accepted: 0, replayed: 2 });
    expect(await send(two, body('a', 'b', 'c'))).toMatchObject({ accepted: 1, replayed: 2 });
    expect(await send(one, body('a', 'b', 'c'))).toMatchObject({ accepted: 0, replayed: 3 });
  });

  test('a newest body that another bridge took is not known to be answered, whatever was known of the one before', async () => {
    const [one, two] = [await bridge(), await bridge()];
    await send(one, body('a'));
    // Its sender has had the answer to the first: that is known here.
    await send(one, body('b'));
    await send(two, body('c'));
    expect(await send(one, body('c'))).toMatchObject({ accepted: 0, replayed: 1 });
  });

  test('of two attempts at once one is first, and the other is told to come again', async () => {
    const [one, two] = [await bridge(), await bridge()];
    await send(one, body('before'));
    let isFirst = true;
    beforeCommit[1] = async () => {
      if (isFirst) await send(one, body('a', 'b'));
      isFirst = false;
    };
    await expect(send(two, body('a', 'b'))).rejects.toThrow(SupersededError);
    expect(await send(two, body('a', 'b'))).toMatchObject({ accepted: 0, replayed: 2 });
  });

  test('a request that had begun before another bridge took a body was given up, and commits nothing more', async () => {
    const [one, two] = [await bridge(), await bridge()];
    const text = body('a', 'b');
    const pieces = deferred<string>();
    const slow = async function* () {
      yield Buffer.from(text.slice(0, 20));
      yield Buffer.from(await pieces.promise);
    };
    const first = one.ingest('paris', sourceOf(slow()));
    first.catch(() => {});
    await new Promise((resolve) => setImmediate(resolve));
    await send(two, body('a', 'b'));
    await send(two, body('c'));
    pieces.resolve(text.slice(20));
    await expect(first).rejects.toThrow(SupersededError);
    expect(await totals(one)).toBe(await totals(two));
  });

  test('what is read just after the process stood still may have been given up meanwhile, and is to come again', async () => {
    const [one, two] = [await bridge(), await bridge()];
    clocks[0]!.mono = 5000;
    await send(two, body('a'));
    await send(two, body('b'));
    let lateAt = 5000;
    const attempt = { ...unknownAttempt(5400), wasLateSince: (time: number) => lateAt >= time };
    const late = () => one.ingest('paris', sourceOf(split(body('a'))), { attempt });
    await expect(late()).rejects.toThrow(SupersededError);
    lateAt = 4000;
    expect(await late()).toMatchObject({ accepted: 1 });
  });

  test('a body is not answered as seen when the log has gone on, though nobody has told this bridge yet', async () => {
    const [one, two] = [await bridge(), await bridge()];
    await send(one, body('a'));
    const { listeners } = memory;
    const deaf = [...listeners].at(-1)!;
    listeners.delete(deaf);
    await send(one, body('b'));
    await expect(send(two, body('a'))).rejects.toThrow(SupersededError);
    deaf();
    listeners.add(deaf);
    expect(await send(two, body('a'))).toMatchObject({ accepted: 1, replayed: 0 });
  });
});
