import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ticking } from '../../src/ledger/ticking.ts';
import { deferred } from '../support/deferred.ts';
import { bodyOf, collect, ManualClock, pieces, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

/** The log commits between turns of the event loop. */
async function pass(milliseconds: number): Promise<void> {
  vi.advanceTimersByTime(milliseconds);
  for (let i = 0; i < 50; i++) await turn();
}

test('a ledger that leads ends rules and forgets names by itself, until it is stopped', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock, { forgetAfter: 60_000 });
  const seconds = clock.now() / 1000;
  await ledger.ingest('paris', pieces(bodyOf([{ tag: 'short', expiration: seconds + 5 }])));
  const active = async () => (await collect(ledger.producer()))['couic.rule.active'];
  clock.advance(4999);
  await pass(1000);
  expect(await active()).toEqual({ 'drop short ipv4': 1 });
  clock.advance(1);
  await pass(1000);
  expect(await active()).toBeUndefined();

  const used = () => ledger.limits(['paris']).find(({ what }) => what === 'tags')!.used;
  clock.advance(59_999);
  await pass(15_000);
  expect(used()).toBe(1);
  clock.advance(1);
  await pass(15_000);
  expect(used()).toBe(0);

  await ledger.ingest('paris', pieces(bodyOf([{ tag: 'next', cidr: '10.0.0.1/32', expiration: seconds + 1000 }])));
  await ledger.stop();
  const written = store.log.length;
  clock.advance(10_000_000);
  await pass(3_600_000);
  expect(store.log).toHaveLength(written);
  await ledger.stop();
});

test('how long names are kept can be changed while it leads', async () => {
  const clock = new ManualClock();
  const { ledger } = await startedLedger(new MemoryStore(), clock, { forgetAfter: 3_600_000 });
  await ledger.ingest('paris', pieces(bodyOf([{ tag: 'short', action: 'remove' }])));
  clock.advance(60_000);
  const limits = { tags: 500, kinds: 20, series: 10_000 };
  await ledger.change({ limits, forgetAfter: 60_000, hasEvents: false });
  await pass(15_000);
  expect(ledger.limits(['paris'])[0]).toMatchObject({ what: 'tags', used: 0 });
  await ledger.stop();
});

test('work that is still done when its time comes again is not begun twice, and the end waits for it', async () => {
  let begun = 0;
  let done = deferred<void>();
  const ticking = new Ticking(() => {
    begun++;
    return done.promise;
  });
  await ticking.stop();
  ticking.start(1000);
  expect(ticking.isStarted).toBe(true);
  await pass(2000);
  expect(begun).toBe(1);
  const asked = ticking.run();
  expect(begun).toBe(1);
  done.resolve();
  await asked;
  done = deferred();
  // Another period takes the place of the one before.
  ticking.start(5000);
  await pass(4999);
  expect(begun).toBe(1);
  await pass(1);
  expect(begun).toBe(2);
  let stopped = false;
  const end = ticking.stop().then(() => {
    stopped = true;
  });
  await pass(10_000);
  expect([stopped, ticking.isStarted]).toEqual([false, false]);
  done.resolve();
  await end;
  await pass(10_000);
  expect(begun).toBe(2);
});
