import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect, ManualClock, pieces, reportText, sourceOf, split, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

/** A socket that gives up after so many bytes: pieces, then the reset that Node's stream would throw. */
async function* cutOff(body: string, bytes: number, length: number): AsyncGenerator<Uint8Array> {
  yield* split(body.slice(0, bytes), length);
  if (bytes < body.length) throw new Error('socket hang up');
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
    { numRuns: Math.ceil(Number(process.env.FUZZ_RUNS ?? 3000) / 20) },
  );
});

test('interleaved bodies of up to 32 senders under one token count once each, however often they are retried', async () => {
  const { ledger } = await startedLedger();
  const bodies = Array.from({ length: 31 }, (_, b) =>
    Array.from({ length: 3 }, (_, i) => reportText({ cidr: `10.${b}.0.${i}/32` })),
  );
  for (let round = 1; round <= 3; round++) {
    for (const reports of bodies) await ledger.ingest('couic', pieces(`[${reports.slice(0, round).join(',')}]`, 50));
  }
  const metrics = await collect(ledger.producer());
  expect(metrics['couic.reports']).toEqual({ 'add none drop scanner ipv4': 93 });
  await ledger.stop();
});

test('a body that begins like an earlier one and then differs counts what differs', async () => {
  const { ledger } = await startedLedger();
  const [a, b, c, d] = [1, 2, 3, 4].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  await ledger.ingest('couic', pieces(`[${a},${b}]`));
  expect(await ledger.ingest('couic', pieces(`[${a},${c}]`))).toEqual({ accepted: 1, replayed: 1, quarantined: 0 });
  // Both go on being known.
  expect(await ledger.ingest('couic', pieces(`[${a},${b},${d}]`))).toEqual({
    accepted: 1,
    replayed: 2,
    quarantined: 0,
  });
  expect(await ledger.ingest('couic', pieces(`[${a},${c},${d}]`))).toMatchObject({ replayed: 2 });
  await ledger.stop();
});

test('a retry that arrives while its first attempt still commits waits for it', async () => {
  const { ledger, store } = await startedLedger();
  const [a, b] = [1, 2].map((i) => reportText({ cidr: `10.0.0.${i}/32` }));
  let release = () => {};
  store.afterCommit = () => new Promise((resolve) => (release = resolve));
  const first = ledger.ingest('couic', pieces(`[${a}]`));
  const second = ledger.ingest('couic', pieces(`[${a},${b}]`));
  while (store.log.length < 2) await new Promise(setImmediate);
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
  const a = ledger.ingest('couic', pieces(`[${texts[0]}]`));
  const b = ledger.ingest('couic', pieces(`[${texts[1]}]`));
  const again = ledger.ingest('couic', pieces(`[${texts[0]},${texts[2]}]`));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  // Two asked for their commit, and the third waits for what it may continue.
  expect(store.requested - before).toBe(2);
  store.afterCommit = () => Promise.resolve();
  release();
  expect(await a).toMatchObject({ accepted: 1 });
  expect(await b).toMatchObject({ accepted: 1 });
  expect(await again).toEqual({ accepted: 1, replayed: 1, quarantined: 0 });

  store.failure = new Error('EIO');
  const failed = ledger.ingest('couic', pieces(`[${reportText({ cidr: '10.0.1.1/32' })}]`));
  const retried = ledger.ingest('couic', pieces(`[${reportText({ cidr: '10.0.1.1/32' })}]`));
  failed.catch(() => {
    store.failure = null;
  });
  await expect(failed).rejects.toThrow('EIO');
  expect(await retried).toEqual({ accepted: 1, replayed: 0, quarantined: 0 });
  await ledger.stop();
});
