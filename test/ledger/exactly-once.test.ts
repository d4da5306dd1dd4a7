import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SupersededError } from '../../src/ledger/ledger.ts';
import { deferred } from '../support/deferred.ts';
import { collect, ManualClock, pieces, reportText, sourceOf, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';
import { cutOff, OneWorker, OUTCOMES, Receiver } from './one-worker.ts';

const RUNS = Number(process.env.FUZZ_RUNS ?? 3000);

async function counted(ledger: Awaited<ReturnType<typeof startedLedger>>['ledger']): Promise<number> {
  const series = (await collect(ledger.producer()))['couic.reports'] ?? {};
  return Object.values(series).reduce((sum, count) => sum + count, 0);
}

/** What Couic does until a body is answered: the same reports again, followed by the new ones. */
const attempt = fc.record({
  /** Reports that have come since the last attempt. */
  fresh: fc.integer({ min: 0, max: 5 }),
  /** Share of the body that arrives. */
  arrives: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
  pieceLength: fc.integer({ min: 1, max: 400 }),
  outcome: fc.constantFrom('answered', 'answer lost', 'commit fails', 'killed after commit', 'restarted'),
  /** Of each 50 ms or more, a chunk is due. */
  msBefore: fc.constantFrom(0, 0, 60),
});

test('whatever is cut off, lost, failed or killed, each report counts once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(attempt, { minLength: 1, maxLength: 25 }), async (attempts) => {
      const clock = new ManualClock();
      let { ledger, store } = await startedLedger(new MemoryStore(), clock);
      const restart = async () => {
        await ledger.stop();
        ({ ledger, store } = await startedLedger(new MemoryStore(store.log), clock));
      };
      let sent = 0;
      let unanswered: string[] = [];
      const step = async ({
        arrives,
        pieceLength,
        outcome,
      }: typeof attempt extends fc.Arbitrary<infer T> ? T : never) => {
        if (unanswered.length === 0) return;
        const body = `[${unanswered.join(',')}]`;
        if (outcome === 'commit fails') store.failure = new Error('EIO');
        if (outcome === 'killed after commit') {
          store.afterCommit = () => Promise.reject(new Error('killed'));
        }
        const ok = await ledger
          .ingest('couic', sourceOf(cutOff(body, Math.floor(body.length * arrives), pieceLength)))
          .then(
            () => true,
            () => false,
          );
        store.failure = null;
        if (outcome === 'killed after commit' || outcome === 'restarted') await restart();
        if (ok && outcome === 'answered') unanswered = [];
      };
      for (const one of attempts) {
        clock.advance(one.msBefore);
        for (let i = 0; i < one.fresh; i++) {
          unanswered.push(reportText({ tag: 't', cidr: `10.0.${sent >> 8}.${sent & 255}/32`, kind: `${sent % 3}` }));
          sent++;
        }
        await step(one);
      }
      await step({ fresh: 0, arrives: 1, pieceLength: 100, outcome: 'answered', msBefore: 0 });
      const metrics = await collect(ledger.producer());
      const counted = Object.values(metrics['couic.reports'] ?? {}).reduce((sum, count) => sum + count, 0);
      expect(counted).toBe(sent);
      expect(Object.values(metrics['couic.rule.active'] ?? {}).reduce((sum, count) => sum + count, 0)).toBe(sent);
      await ledger.stop();
    }),
    { numRuns: Math.ceil(RUNS / 20) },
  );
});

test('a retry that arrives while its first attempt still commits waits for it', async () => {
  const { ledger, store } = await startedLedger();
  const [a, b] = [1, 2].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  let release = () => {};
  store.afterCommit = () => new Promise((resolve) => (release = resolve));
  const first = ledger.ingest('couic', pieces(`[${a}]`));
  while (store.log.length < 2) await new Promise(setImmediate);
  const second = ledger.ingest('couic', pieces(`[${a},${b}]`));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  store.afterCommit = () => Promise.resolve();
  release();
  expect(await first).toEqual({ accepted: 1, replayed: 0, quarantined: 0 });
  expect(await second).toEqual({ accepted: 1, replayed: 1, quarantined: 0 });
  await ledger.stop();
});

test('a body of many chunks that is cut off again and again makes progress, and the rest is hashed, not counted', async () => {
  const { ledger, clock } = await startedLedger();
  const reports = Array.from({ length: 10_000 }, (_, i) => reportText({ cidr: `10.1.${i >> 8}.${i & 255}/32` }));
  const body = `[${reports.join(',')}]`;
  let replayed = -1;
  for (const share of [0.3, 0.5, 0.9]) {
    await expect(ledger.ingest('couic', sourceOf(cutOff(body, body.length * share, 65_536)))).rejects.toThrow(
      'hang up',
    );
  }
  const last = await ledger.ingest('couic', pieces(body));
  replayed = last.replayed;
  expect(replayed).toBe(8192);
  expect(last.accepted).toBe(10_000 - 8192);
  expect((await collect(ledger.producer()))['couic.reports']).toEqual({ 'add none drop scanner ipv4': 10_000 });
  clock.advance(1);
  await ledger.stop();
});

test('a small body does not wait for the commit of another, unless it begins like it; a failure is no loss', async () => {
  const { ledger, store } = await startedLedger();
  const texts = [1, 2, 3].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  let release = () => {};
  store.afterCommit = () =>
    new Promise((resolve) => {
      release = resolve;
    });
  const before = store.requested;
  const read = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  };
  const a = ledger.ingest('couic', pieces(`[${texts[0]}]`));
  await read();
  const b = ledger.ingest('couic', pieces(`[${texts[1]}]`));
  await read();
  const again = ledger.ingest('couic', pieces(`[${texts[1]},${texts[2]}]`));
  await read();
  // Two asked for their commit, and the third waits for what it may continue.
  expect(store.requested - before).toBe(2);
  store.afterCommit = () => Promise.resolve();
  release();
  expect(await a).toMatchObject({ accepted: 1 });
  expect(await b).toMatchObject({ accepted: 1 });
  expect(await again).toEqual({ accepted: 1, replayed: 1, quarantined: 0 });

  store.failure = new Error('EIO');
  const failed = ledger.ingest('couic', pieces(`[${reportText({ cidr: '10.0.1.1/32' })}]`));
  failed.catch(() => {
    store.failure = null;
  });
  while (store.requested - before < 4) await new Promise(setImmediate);
  const retried = ledger.ingest('couic', pieces(`[${reportText({ cidr: '10.0.1.1/32' })}]`));
  await expect(failed).rejects.toThrow('EIO');
  expect(await retried).toEqual({ accepted: 1, replayed: 0, quarantined: 0 });
  await ledger.stop();
});

test('one worker whose answers are lost, whose bytes come late and whose bodies are equal: each report counts once', async () => {
  const step = fc.record({
    fresh: fc.array(fc.integer({ min: 1, max: 2 }), { maxLength: 3 }),
    arrives: fc.double({ min: 0, max: 1, noNaN: true }),
    pieceLength: fc.integer({ min: 1, max: 400 }),
    outcome: fc.constantFrom(...OUTCOMES),
    // What comes 0.9 s or more after an answer cannot be told from a retry, if it is of the same second of Couic's clock.
    pause: fc.constantFrom(1, 1, 10, 300, 880, 1000, 5000),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const clock = new ManualClock();
      let { ledger, store } = await startedLedger(new MemoryStore(), clock);
      const worker = new OneWorker(
        {
          get ledger() {
            return ledger;
          },
          failCommits: (fail) => {
            store.failure = fail ? new Error('EIO') : null;
          },
          restart: async () => {
            await ledger.stop();
            ({ ledger, store } = await startedLedger(new MemoryStore(store.log), clock));
          },
        },
        clock,
      );
      for (const each of steps) await worker.step(each);
      await worker.step({ fresh: [], arrives: 1, pieceLength: 100, outcome: 'answered', pause: 0 });
      expect(await counted(ledger)).toBe(worker.made);
      await ledger.stop();
    }),
    { numRuns: Math.ceil(RUNS / 8) },
  );
});

describe('a body is new, equal bytes or not, when its sender has had the answer to the one before', () => {
  const [a, b, c] = [1, 2, 3].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  let ledger: Awaited<ReturnType<typeof startedLedger>>['ledger'];
  let clock: ManualClock;
  let receiver: Receiver;
  let kept: ReturnType<Receiver['connect']>;
  let store: MemoryStore;

  beforeEach(async () => {
    ({ ledger, clock, store } = await startedLedger());
    receiver = new Receiver(clock);
    kept = receiver.connect();
    return () => ledger.stop();
  });
  const post = (body: string, connection = kept) => receiver.post(ledger, body, connection);

  test('three equal ones within a second, on one connection and on three', async () => {
    for (const connection of [kept, kept, kept]) {
      clock.advance(200);
      expect(await post(`[${a}]`, connection)).toMatchObject({ accepted: 1, replayed: 0 });
    }
    for (let i = 0; i < 3; i++) {
      clock.advance(200);
      expect(await post(`[${b}]`, receiver.connect())).toMatchObject({ accepted: 1, replayed: 0 });
    }
  });

  test('three equal ones with twelve others between them', async () => {
    for (let round = 0; round < 3; round++) {
      expect(await post(`[${a}]`)).toMatchObject({ accepted: 1 });
      for (let i = 0; round < 2 && i < 6; i++) {
        clock.advance(50);
        await post(`[${reportText({ cidr: `10.1.${round}.${i}/32` })}]`);
      }
    }
    expect(await counted(ledger)).toBe(15);
  });

  test('[A,B] and then [A,C], at once and after a while', async () => {
    expect(await post(`[${a},${b}]`)).toMatchObject({ accepted: 2 });
    expect(await post(`[${a},${c}]`)).toMatchObject({ accepted: 2, replayed: 0 });
    clock.advance(950);
    expect(await post(`[${a},${b}]`)).toMatchObject({ accepted: 2, replayed: 0 });
    // Shorter than the newest: no retry either.
    clock.advance(950);
    expect(await post(`[${a}]`)).toMatchObject({ accepted: 1, replayed: 0 });
    expect(await counted(ledger)).toBe(7);
  });

  test('but for one that comes 0.9 s after the answer, or later: that may be lost', async () => {
    await post(`[${a}]`);
    clock.advance(899);
    expect(await post(`[${a}]`)).toMatchObject({ accepted: 1 });
    clock.advance(900);
    expect(await post(`[${a},${b}]`)).toMatchObject({ accepted: 1, replayed: 1 });
  });

  test('but for one that comes after a stall of the event loop, which hides that the sender has left', async () => {
    const attempt = receiver.head(kept);
    await ledger.ingest('couic', pieces(`[${a}]`), { attempt });
    clock.advance(4000);
    receiver.late = clock.monotonic();
    attempt.answeredAt = clock.monotonic();
    expect(await post(`[${a},${b}]`, receiver.connect())).toMatchObject({ accepted: 1, replayed: 1 });
    // What comes after that is judged as ever.
    clock.advance(100);
    expect(await post(`[${c}]`)).toMatchObject({ accepted: 1 });
    clock.advance(100);
    expect(await post(`[${c}]`)).toMatchObject({ accepted: 1, replayed: 0 });
  });

  test('but for one that came before the answer went out', async () => {
    const attempt = receiver.head(kept);
    let release = () => {};
    store.afterCommit = () => new Promise((resolve) => (release = resolve));
    const first = ledger.ingest('couic', pieces(`[${a}]`), { attempt });
    while (store.log.length < 2) await new Promise(setImmediate);
    clock.advance(3000);
    const retry = post(`[${a}]`, receiver.connect());
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
    store.afterCommit = () => Promise.resolve();
    clock.advance(2000);
    attempt.answeredAt = clock.monotonic();
    release();
    expect(await first).toMatchObject({ accepted: 1 });
    expect(await retry).toMatchObject({ accepted: 0, replayed: 1 });
  });

  test('and that it has had it is not forgotten when the one after fails', async () => {
    await post(`[${a}]`);
    clock.advance(300);
    store.failure = new Error('EIO');
    await expect(post(`[${a}]`)).rejects.toThrow('EIO');
    store.failure = null;
    clock.advance(1000);
    expect(await post(`[${a}]`, receiver.connect())).toMatchObject({ accepted: 1, replayed: 0 });
    await expect(post(`[${b},`)).rejects.toThrow('inside the array');
    clock.advance(1000);
    // That one is the newest now, and it was not answered.
    expect(await post(`[${b},${c}]`)).toMatchObject({ accepted: 1, replayed: 1 });
  });

  test('but an empty one shows nothing: Couic sends none', async () => {
    await post(`[${a}]`);
    clock.advance(100);
    await post('[]', receiver.connect());
    clock.advance(900);
    expect(await post(`[${a},${b}]`, receiver.connect())).toMatchObject({ accepted: 1, replayed: 1 });
  });

  test('a start knows of no answer', async () => {
    await post(`[${a}]`);
    const again = await startedLedger(new MemoryStore(store.log), clock);
    expect(await receiver.post(again.ledger, `[${a}]`, receiver.connect())).toMatchObject({ replayed: 1 });
    expect(await receiver.post(again.ledger, `[${a}]`, kept)).toMatchObject({ accepted: 1 });
    await again.ledger.stop();
  });
});

describe('an attempt that its sender gave up', () => {
  const reports = Array.from({ length: 6 }, (_, i) => reportText({ cidr: `10.0.0.${i}/32` }));
  const body = (count: number) => `[${reports.slice(0, count).join(',')}]`;
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  };

  /** A body whose pieces come when they are told to. */
  function byHand(...parts: string[]) {
    const gates = parts.map(() => deferred());
    async function* give() {
      for (const [i, part] of parts.entries()) {
        await gates[i]!.promise;
        yield Buffer.from(part);
      }
    }
    return { source: sourceOf(give()), give: (i: number) => gates[i]!.resolve() };
  }

  test('ends with the next one: what it had committed stays, its tail counts no more, and it holds nobody up', async () => {
    const { ledger, clock } = await startedLedger();
    const receiver = new Receiver(clock);
    const text = body(4);
    const [slow, tail] = [text.slice(0, text.length / 2), text.slice(text.length / 2)];
    const { source, give } = byHand(slow, tail);
    const first = ledger.ingest('couic', source, { attempt: receiver.head(receiver.connect()) });
    const refused = expect(first).rejects.toBeInstanceOf(SupersededError);
    give(0);
    await turns();
    clock.advance(60);
    clock.advance(3000);
    const taken = await receiver.post(ledger, body(5), receiver.connect());
    expect(taken.accepted + taken.replayed).toBe(5);
    await refused;
    give(1);
    await turns();
    expect(await counted(ledger)).toBe(5);
    await ledger.stop();
  });

  test('and so does one that waits for its turn', async () => {
    const { ledger, clock, store } = await startedLedger();
    const receiver = new Receiver(clock);
    let release = () => {};
    store.afterCommit = () => new Promise((resolve) => (release = resolve));
    // Its first chunk is being committed, and it is not whole.
    const { source, give } = byHand(body(2).slice(0, -1), `,${body(3).slice(1)}`);
    const first = ledger.ingest('couic', source, { attempt: receiver.head(receiver.connect()) });
    const ended = [expect(first).rejects.toBeInstanceOf(SupersededError)];
    give(0);
    for (let wait = 0; store.requested < 2 && wait < 50; wait++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      clock.advance(60);
    }
    for (let i = 0; i < 3; i++) {
      const waiting = ledger.ingest('couic', pieces(body(4)), { attempt: receiver.head(receiver.connect()) });
      ended.push(expect(waiting).rejects.toBeInstanceOf(SupersededError));
    }
    const last = receiver.post(ledger, body(5), receiver.connect());
    await turns();
    store.afterCommit = () => Promise.resolve();
    release();
    expect(await last).toEqual({ accepted: 3, replayed: 2, quarantined: 0 });
    await Promise.all(ended);
    expect(await counted(ledger)).toBe(5);
    await ledger.stop();
  });

  test.each([
    ['shorter', 2],
    ['equal', 3],
  ])('and comes when its successor was answered, %s, counts nothing', async (_name, count) => {
    const { ledger, clock } = await startedLedger();
    const receiver = new Receiver(clock);
    const old = receiver.connect();
    clock.advance(3000);
    const kept = receiver.connect();
    expect(await receiver.post(ledger, body(3), kept)).toMatchObject({ accepted: 3 });
    clock.advance(100);
    await expect(receiver.post(ledger, body(count), old)).rejects.toBeInstanceOf(SupersededError);
    expect(await counted(ledger)).toBe(3);
    // Its successor's answer may have been lost all the same.
    clock.advance(1000);
    expect(await receiver.post(ledger, body(4), kept)).toEqual({ accepted: 1, replayed: 3, quarantined: 0 });
    await ledger.stop();
  });

  test('equal bodies of a client with several connections are none', async () => {
    const { ledger, clock } = await startedLedger();
    const receiver = new Receiver(clock);
    const connections = [0, 1, 2].map(() => receiver.connect());
    for (let i = 0; i < 9; i++) {
      clock.advance(100);
      expect(await receiver.post(ledger, body(3), connections[i % 3]!)).toMatchObject({ accepted: 3, replayed: 0 });
    }
    await ledger.stop();
  });

  test('cut short, it is no reason to count again what its successor brings', async () => {
    const { ledger, clock } = await startedLedger();
    const receiver = new Receiver(clock);
    expect(await receiver.post(ledger, body(3), receiver.connect())).toMatchObject({ accepted: 3 });
    clock.advance(2000);
    const broken = receiver.post(ledger, body(2).slice(0, -1), receiver.connect());
    await expect(broken).rejects.toThrow('inside the array');
    clock.advance(1000);
    expect(await receiver.post(ledger, body(4), receiver.connect())).toMatchObject({ accepted: 1, replayed: 3 });
    await ledger.stop();
  });
});

test('a body that begins like the newest and then brings one huge element holds nothing back', async () => {
  const { ledger, store, clock } = await startedLedger();
  const [a, b] = [1, 2].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  await ledger.ingest('couic', pieces(`[${a},${b}]`));
  const before = store.requested;
  async function* endless() {
    yield Buffer.from(`[${a},"`);
    for (let i = 0; i < 20; i++) {
      yield Buffer.alloc(1000, 'x');
      clock.advance(60);
    }
    expect(store.requested - before).toBe(1);
    yield Buffer.from('"]');
  }
  expect(await ledger.ingest('couic', sourceOf(endless()))).toEqual({ accepted: 1, replayed: 0, quarantined: 1 });
  await ledger.stop();
});
