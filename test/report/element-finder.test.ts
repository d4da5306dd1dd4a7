import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ElementFinder } from '../../src/report/element-finder.ts';

/** What is hard to delimit by brackets and quotes alone: text that holds them, escaped, and next to nothing. */
const text = fc.array(fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ' ', 'a'), { maxLength: 4 });
const { value } = fc.letrec((tie) => ({
  string: text.map((parts) => parts.join('')),
  value: fc.oneof(
    { maxDepth: 3 },
    tie('string'),
    fc.constantFrom(null, true, -1.5e-7, 0),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(tie('string') as fc.Arbitrary<string>, tie('value'), { maxKeys: 3 }),
  ),
}));
const cuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 });

test('one value after the other ends where JSON.stringify ended it, in whatever pieces they come', () => {
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 6 }),
      fc.constantFrom(',', ']', ' ', '\n', '\r', '\t'),
      cuts,
      (values, after, lengths) => {
        const finder = new ElementFinder();
        let piece = 0;
        for (const json of values.map((each) => JSON.stringify(each))) {
          const bytes = Buffer.from(json + after);
          finder.start(bytes[0]!);
          let end = -1;
          for (let from = 0; end < 0 && from < bytes.length; ) {
            const to = Math.min(bytes.length, from + lengths[piece++ % lengths.length]!);
            end = finder.find(bytes, from, to);
            from = to;
          }
          expect(bytes.toString('utf8', 0, end)).toBe(json);
        }
      },
    ),
    { numRuns: 1000 },
  );
});
