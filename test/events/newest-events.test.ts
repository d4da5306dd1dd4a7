import { expect, test } from 'vitest';
import { newestEvents } from '../../src/events/newest-events.ts';
import { bodyOf, ManualClock, newLedger, pieces } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

async function started() {
  const store = new MemoryStore();
  const { ledger } = newLedger(store, new ManualClock(), { hasEvents: true });
  await store.load();
  await ledger.start();
  let made = 0;
  /** One request, so one entry. */
  const report = async (count: number) => {
    const reports = Array.from({ length: count }, () => ({ cidr: `10.0.${made >> 8}.${made++ & 255}/32` }));
    await ledger.ingest('edge', pieces(bodyOf(reports)));
  };
  return { store, report };
}

const BOUNDS = { entries: 5, bytes: 2000, behind: 10 };

/** What comes until `end` of it was seen, as the last byte of each address. */
async function seen(store: MemoryStore, most: number, end: number, meanwhile = async () => {}) {
  const done = new AbortController();
  const batches: (readonly [numbers: number[], leftOut: boolean])[] = [];
  for await (const { events, leftOut } of newestEvents(store, most, done.signal, BOUNDS)) {
    const numbers = events.map((event) => ('network' in event ? Number(event.network?.address?.split('.')[3]) : -1));
    batches.push([numbers, leftOut]);
    if (numbers.includes(end)) break;
    await meanwhile();
  }
  done.abort();
  return batches;
}

test('the newest there are, then what comes', async () => {
  const { store, report } = await started();
  for (let i = 0; i < 3; i++) await report(1);
  expect(await seen(store, 10, 4, () => report(2))).toEqual([
    [[0], false],
    [[1], false],
    [[2], false],
    [[3, 4], false],
  ]);
});

test('of an entry with very many the newest', async () => {
  const { store, report } = await started();
  await report(30);
  expect(await seen(store, 5, 29)).toEqual([[[25, 26, 27, 28, 29], true]]);
});

test('of very many entries the newest, by their number and by their size', async () => {
  const { store, report } = await started();
  for (let i = 0; i < 20; i++) await report(1);
  const batches = await seen(store, 3, 19);
  expect([batches.length, batches[0]]).toEqual([5, [[15], true]]);
  // Some 24 bytes a report.
  for (let i = 0; i < 3; i++) await report(50);
  expect((await seen(store, 1, 169)).length).toBeLessThan(5);
});

test('who falls far behind goes on with the newest, and is told', async () => {
  const { store, report } = await started();
  await report(1);
  let isFirst = true;
  const batches = await seen(store, 2, 30, async () => {
    if (isFirst) for (let i = 0; i < 30; i++) await report(1);
    isFirst = false;
  });
  expect(batches.map(([[number], leftOut]) => [number, leftOut])).toEqual([
    [0, false],
    [26, true],
    [27, false],
    [28, false],
    [29, false],
    [30, false],
  ]);
});
