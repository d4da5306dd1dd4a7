import type { StreamInfo } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { leaderIn, Mover } from '../../../src/log/jetstream/mover.ts';
import { ManualClock } from '../../support/ledger.ts';

const SECOND = 1_000_000_000;

function found(replicas: number, leader: string | undefined, active: readonly number[]) {
  const cluster = { leader, replicas: active.map((each) => ({ active: each })) };
  return { config: { num_replicas: replicas }, cluster } as unknown as StreamInfo;
}

test('a leader is followed while it hears of more than half of the copies, its own included', () => {
  expect(leaderIn(found(3, 'a', [SECOND, 9 * SECOND]))).toBe('followed');
  expect(leaderIn(found(3, 'a', [9 * SECOND, 3 * SECOND]))).toBe('alone');
  expect(leaderIn(found(5, 'a', [SECOND, 1, 9 * SECOND, 9 * SECOND]))).toBe('followed');
  expect(leaderIn(found(5, 'a', [SECOND, 9 * SECOND, 9 * SECOND, 9 * SECOND]))).toBe('alone');
  // One that it has never heard of has no time.
  expect(leaderIn(found(3, 'a', [0, 0]))).toBe('alone');
  expect(leaderIn(found(1, undefined, []))).toBe('followed');
});

test('a server that answers without knowing of a leader has none, like one that does not answer', () => {
  expect(leaderIn(found(3, undefined, [SECOND, 0, 0]))).toBe('none');
  expect(leaderIn(undefined)).toBe('none');
});

function setUp() {
  const clock = new ManualClock();
  clock.mono = 50_000;
  const moves: string[] = [];
  const connection = {
    server: 'a',
    getServer: () => connection.server,
    async reconnect() {
      moves.push(connection.server);
    },
  };
  const mover = new Mover(connection, clock, { warn: () => {} });
  return { clock, connection, moves, mover };
}

test('a server whose leader is alone is left at once, and the next one is given as long as leadership takes to move', () => {
  const { clock, connection, moves, mover } = setUp();
  mover.looked('alone');
  expect(moves).toEqual(['a']);
  connection.server = 'b';
  mover.connected('b');
  clock.advance(9999);
  mover.looked('alone');
  expect(moves).toEqual(['a']);
  clock.advance(1);
  mover.looked('alone');
  expect(moves).toEqual(['a', 'b']);
});

test('a server without a leader is left once there was none for as long as leadership takes to move', () => {
  const { clock, moves, mover } = setUp();
  mover.looked('none');
  clock.advance(9999);
  mover.looked('none');
  expect(moves).toEqual([]);
  clock.advance(1);
  mover.looked('none');
  expect(moves).toEqual(['a']);
});

test.each(['recovered', 'looked'] as const)('a leader in between is a new beginning: %s', (how) => {
  const { clock, moves, mover } = setUp();
  mover.looked('none');
  clock.advance(9000);
  if (how === 'looked') mover.looked('followed');
  else mover.recovered();
  clock.advance(9000);
  mover.looked('none');
  expect(moves).toEqual([]);
});

test('the client that comes back to the server that it was to leave is sent away again, once', () => {
  const { connection, moves, mover } = setUp();
  mover.looked('alone');
  mover.connected('a');
  expect(moves).toEqual(['a', 'a']);
  // It is the only one that can be reached.
  mover.connected('a');
  expect(moves).toEqual(['a', 'a']);
  connection.server = 'b';
  mover.connected('b');
  expect(moves).toEqual(['a', 'a']);
});
