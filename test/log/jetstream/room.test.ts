import { expect, test } from 'vitest';
import { Room } from '../../../src/log/jetstream/room.ts';

test('a sixteenth is kept, and room for the largest entry; what came since is counted once', () => {
  const room = new Room(16_000, 1000);
  room.told(13_000, 10);
  expect(room.isFull).toBe(false);
  // Of these the leader has told.
  room.saw(10, 5000);
  expect(room.isFull).toBe(false);
  room.saw(11, 700);
  expect(room.isFull).toBe(false);
  room.saw(12, 1);
  expect(room.isFull).toBe(true);
  room.told(12_000, 12);
  expect(room.isFull).toBe(false);
});

test('before the leader has told anything, what comes is counted from the first message on', () => {
  const room = new Room(16_000, 1000);
  room.saw(1, 13_700);
  room.saw(1, 13_700);
  expect(room.isFull).toBe(false);
  room.saw(2, 0);
  expect(room.isFull).toBe(true);
});
