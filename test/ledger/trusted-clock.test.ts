import { expect, onTestFinished, test, vi } from 'vitest';
import { LedgerFold } from '../../src/ledger/fold.ts';
import { TrustedClock } from '../../src/ledger/trusted-clock.ts';
import { bodyOf, collect, ManualClock, pieces, startedLedger } from '../support/ledger.ts';
import { MemoryStore } from '../support/memory-store.ts';

const DAY = 86_400_000;

test('small steps and steps back are followed at once', () => {
  const clock = new ManualClock();
  const trusted = new TrustedClock(clock);
  clock.advance(1000);
  clock.wall += 30_000;
  expect(trusted.now()).toBe(clock.wall);
  clock.wall -= 3_600_000;
  expect(trusted.now()).toBe(clock.wall);
});

test('a large step forward is believed once it has stood for ten minutes', () => {
  const clock = new ManualClock();
  const trusted = new TrustedClock(clock);
  const before = clock.wall;
  clock.wall += 86_400_000;
  expect(trusted.now()).toBe(before);
  expect(trusted.heldBack).toBe(86_400_000);
  clock.advance(599_000);
  expect(trusted.now()).toBe(before + 599_000);
  clock.advance(1000);
  expect(trusted.now()).toBe(clock.wall);
  expect(trusted.heldBack).toBe(0);
});

test('a forward jump that is taken back expires no rule', async () => {
  const { ledger, clock } = await startedLedger();
  await ledger.ingest('couic', pieces(bodyOf([{ expiration: 1_704_067_400 }])));
  clock.wall += 86_400_000 * 365;
  await ledger.ingest('couic', pieces(bodyOf([{ cidr: '7.7.7.7/32', expiration: 1_704_067_400 }])));
  clock.wall -= 86_400_000 * 365;
  expect((await collect(ledger.producer()))['couic.rule.active']).toEqual({ 'drop scanner ipv4': 2 });
  await ledger.stop();
});

test('a start long after the newest record is believed once somebody has the same time', () => {
  const clock = new ManualClock();
  const newest = clock.wall;
  clock.wall += 365 * DAY;
  const trusted = new TrustedClock(clock);
  trusted.startAfter(newest);
  expect(trusted.now()).toBe(newest);
  expect(trusted.heldBack).toBe(365 * DAY);
  clock.advance(5000);
  expect(trusted.now()).toBe(newest + 5000);
  // Another time is no word against it, and moves nothing.
  trusted.confirm(newest, 'LAPI');
  trusted.confirm(clock.wall - 60_000, 'LAPI');
  trusted.confirm(clock.wall + 60_000, 'LAPI');
  trusted.confirm(Number.NaN, 'LAPI');
  expect(trusted.now()).toBe(newest + 5000);
  trusted.confirm(clock.wall + 59_000, 'LAPI');
  expect(trusted.now()).toBe(clock.wall);
  expect([trusted.heldBack, trusted.believedFor]).toEqual([0, 'LAPI has the same time']);
});

test('or once it has stood for ten minutes, or was mended', () => {
  const clock = new ManualClock();
  const newest = clock.wall;
  clock.wall += 2 * DAY;
  const standing = new TrustedClock(clock);
  const mended = new TrustedClock(clock);
  standing.startAfter(newest);
  mended.startAfter(newest);
  clock.advance(599_000);
  expect(standing.now()).toBe(newest + 599_000);
  clock.advance(1000);
  expect(standing.now()).toBe(clock.wall);
  clock.wall = newest + 700_000;
  // A minute and more ahead of what is believed: a claim of its own.
  expect(mended.now()).toBe(newest + 600_000);
  clock.wall = newest + 630_000;
  expect(mended.now()).toBe(clock.wall);
  expect([mended.heldBack, mended.believedFor]).toEqual([0, 'it went back']);
});

test.each([
  ['an ordinary restart, a day after the newest record,', DAY],
  ['a start before the newest record', -365 * DAY],
])('%s waits for nothing', (_title, since) => {
  const clock = new ManualClock();
  const trusted = new TrustedClock(clock);
  trusted.startAfter(clock.wall - since);
  expect([trusted.now(), trusted.heldBack]).toEqual([clock.wall, 0]);
});

test('the restart of a bridge that heard nothing for days is an ordinary one', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock);
  for (let hour = 0; hour < 72; hour++) {
    clock.advance(3_600_000);
    await vi.advanceTimersByTimeAsync(1000);
  }
  await ledger.stop();
  expect(store.log.length).toBeLessThan(20);
  const fold = new LedgerFold();
  for (const entry of store.log) fold.apply(entry);
  const trusted = new TrustedClock(clock);
  trusted.startAfter(fold.state.clock);
  expect(trusted.heldBack).toBe(0);
});

test('a first start has nothing to compare with', () => {
  const clock = new ManualClock();
  const trusted = new TrustedClock(clock);
  trusted.startAfter(0);
  expect([trusted.now(), trusted.heldBack]).toEqual([clock.wall, 0]);
});

test('a step while running is believed as soon as somebody confirms it', () => {
  const clock = new ManualClock();
  const trusted = new TrustedClock(clock);
  clock.wall += DAY;
  trusted.now();
  expect(trusted.heldBack).toBe(DAY);
  trusted.confirm(clock.wall, 'LAPI');
  expect(trusted.now()).toBe(clock.wall);
});

// Seen: the rules of a store whose bridge was started with a clock a year ahead were all counted as expired at once.
test('a start with a clock that is ahead ends no rule', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock);
  const creation = clock.wall / 1000;
  await ledger.ingest('couic', pieces(bodyOf([{ creation, expiration: creation + 86_400 }])));
  await ledger.stop();
  clock.wall += 365 * DAY;
  const ahead = await startedLedger(new MemoryStore(store.log), clock);
  // A backlog and a removal tell of older rules, and confirm nothing.
  const old = [
    { cidr: '5.5.5.5/32', creation: creation + 60 },
    { action: 'remove' as const, cidr: '6.6.6.6/32', creation: clock.wall / 1000 },
  ];
  await ahead.ledger.ingest('couic', pieces(bodyOf(old)));
  expect((await collect(ahead.ledger.producer()))['couic.rule.active']).toEqual({ 'drop scanner ipv4': 2 });
  await ahead.ledger.stop();
  // What it wrote down confirms nothing either.
  const again = await startedLedger(new MemoryStore(ahead.store.log), clock);
  expect((await collect(again.ledger.producer()))['couic.rule.active']).toEqual({ 'drop scanner ipv4': 2 });
  await again.ledger.stop();
  clock.wall -= 365 * DAY;
  const mended = await startedLedger(new MemoryStore(again.store.log), clock);
  const metrics = await collect(mended.ledger.producer());
  expect(metrics['couic.rule.active']).toEqual({ 'drop scanner ipv4': 2 });
  expect(metrics['couic.rule.expirations']).toBeUndefined();
  await mended.ledger.stop();
});

test('after a year in which the bridge was off, the first new rule of Couic says that it was one', async () => {
  const clock = new ManualClock();
  const { ledger, store } = await startedLedger(new MemoryStore(), clock);
  const creation = clock.wall / 1000;
  await ledger.ingest('couic', pieces(bodyOf([{ creation, expiration: creation + 86_400 }])));
  await ledger.stop();
  clock.wall += 365 * DAY;
  const later = await startedLedger(new MemoryStore(store.log), clock);
  await later.ledger.ingest('couic', pieces(bodyOf([{ cidr: '5.5.5.5/32', creation: clock.wall / 1000 - 2 }])));
  const metrics = await collect(later.ledger.producer());
  expect(metrics['couic.instance.last_report_timestamp']).toEqual({ '': clock.wall / 1000 });
  await later.ledger.stop();
  const again = await startedLedger(new MemoryStore(later.store.log), clock);
  const after = await collect(again.ledger.producer());
  expect(after['couic.rule.active']).toEqual({ 'drop scanner ipv4': 1 });
  expect(after['couic.rule.expirations']).toEqual({ 'drop scanner ipv4': 1 });
  await again.ledger.stop();
});
