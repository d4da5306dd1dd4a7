import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromPieces, toPieces } from '../../../../plugins/exporters/crowdsec/snapshot-lines.ts';

const MIB = 1024 * 1024;

it('gives back every value, from pieces of at most 1 MiB that are full but for the last', () => {
  /** Lengths at which a line just ends with a piece, or does not. */
  const length = fc.oneof(
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: MIB - 8, max: MIB + 8 }),
    fc.constant(2 * MIB - 3),
  );
  fc.assert(
    fc.property(fc.array(length, { maxLength: 4 }), fc.constantFrom('x', 'é'), (lengths, character) => {
      const values = lengths.map((length) => character.repeat(length / Buffer.byteLength(character)));
      const pieces = [...toPieces(values)];
      expect(pieces.slice(0, -1).every((piece) => piece.length === MIB)).toBe(true);
      expect(pieces.every((piece) => piece.length > 0 && piece.length <= MIB)).toBe(true);
      expect([...fromPieces(pieces)].every((value, i) => value === values[i])).toBe(true);
      expect([...fromPieces(pieces)]).toHaveLength(values.length);
    }),
    { numRuns: 15 },
  );
});
