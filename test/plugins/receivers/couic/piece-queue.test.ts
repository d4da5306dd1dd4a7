import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PieceQueue } from '../../../../plugins/receivers/couic/piece-queue.ts';

test('gives all bytes in order, and knows how many wait', () => {
  const piece = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 20_000 }));
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.constant(0)), { maxLength: 60 }), (steps) => {
      const queue = new PieceQueue();
      const [given, taken]: [number[], number[]] = [[], []];
      let next = 0;
      for (const step of [...steps, ...steps.map(() => 0)]) {
        const bytes = Uint8Array.from({ length: step }, () => next++ & 255);
        given.push(...bytes);
        // The stream's own memory is used again.
        if (step > 0) queue.push(bytes);
        else taken.push(...(queue.shift() ?? []));
        expect(queue.bytes).toBe(given.length - taken.length);
      }
      for (let rest = queue.shift(); rest; rest = queue.shift()) taken.push(...rest);
      expect(taken).toEqual(given);
    }),
    { numRuns: 30 },
  );
});

test('joins small pieces, so that there are few, and neither their objects nor their memory are kept', () => {
  const queue = new PieceQueue();
  for (let i = 0; i < 261_000; i++) queue.push(Uint8Array.of(i));
  let pieces = 0;
  for (let piece = queue.shift(); piece; piece = queue.shift()) {
    pieces++;
    expect(piece.buffer.byteLength).toBeLessThanOrEqual(16 * 1024);
  }
  expect(pieces).toBe(16);
});

test('a small piece between large ones takes no more than a few times its bytes', () => {
  const queue = new PieceQueue();
  for (let i = 0; i < 50; i++) {
    queue.push(new Uint8Array(4096));
    queue.push(new Uint8Array(1));
  }
  const buffers = new Set<ArrayBufferLike>();
  for (let piece = queue.shift(); piece; piece = queue.shift()) buffers.add(piece.buffer);
  expect([...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)).toBeLessThan(50 * 4096 * 2);
});

test('is empty once it was cleared', () => {
  const queue = new PieceQueue();
  queue.push(new Uint8Array(5000));
  queue.push(new Uint8Array(5));
  queue.clear();
  expect([queue.bytes, queue.shift()]).toEqual([0, undefined]);
});
