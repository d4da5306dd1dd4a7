import { expect, test } from 'vitest';
import { TrustedClock } from '../../src/ledger/trusted-clock.ts';
import { bodyOf, collect, ManualClock, pieces, startedLedger } from '../support/ledger.ts';

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
