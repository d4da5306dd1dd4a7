import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PrefixHash } from '../../src/ledger/prefix-hash.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64');

/** Lengths that reach both sides of what is held, and of what is hashed in one go. */
const length = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 3000, max: 9000 }), fc.constant(200_000));

test('is that of the beginning, wherever pieces and marks fall', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          length,
          atStart: fc.boolean(),
          ends: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 }),
        }),
        {
          minLength: 1,
          maxLength: 6,
        },
      ),
      fc.integer(),
      (pieces, seed) => {
        const body = Buffer.alloc(pieces.reduce((sum, piece) => sum + piece.length, 0));
        for (let i = 0; i < body.length; i++) body[i] = Math.imul(i + seed, 0x9e3779b1) >>> 24;
        const hash = new PrefixHash();
        let start = 0;
        let marked = 0;
        for (const { length, ends, atStart } of pieces) {
          const piece = Buffer.from(body.subarray(start, start + length));
          hash.feed(piece);
          if (marked > 0) expect(hash.at(marked)).toBe(sha256(body.subarray(0, marked)));
          // A scalar ends where the piece before it did, which only the next byte tells.
          if (atStart && start > 0) {
            expect(hash.at(start)).toBe(sha256(body.subarray(0, start)));
            marked = start;
          }
          for (const end of ends.map((share) => Math.ceil(share * length)).sort((a, b) => a - b)) {
            if (end === 0) continue;
            expect(hash.at(start + end)).toBe(sha256(body.subarray(0, start + end)));
            marked = start + end;
          }
          hash.pass(marked);
          // Its memory may be used for something else now.
          piece.fill(0xee);
          if (marked > 0) expect(hash.at(marked)).toBe(sha256(body.subarray(0, marked)));
          start += length;
        }
      },
    ),
  );
});
