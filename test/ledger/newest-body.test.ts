import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Link, MAX_LINK_SPACING, NewestBody } from '../../src/ledger/newest-body.ts';

const linkAt = (elements: number): Link => ({ offset: elements * 100, hash: `${elements}`, elements });

test('what comes after a link that is kept takes the place of what was there, and a new body of all of it', () => {
  const newest = new NewestBody();
  newest.apply({ keep: 0, links: [linkAt(1), linkAt(5)] });
  newest.apply({ keep: 2, links: [linkAt(9)] });
  expect(newest.links.map(({ elements }) => elements)).toEqual([1, 5, 9]);
  newest.apply({ keep: 1, links: [linkAt(3)] });
  expect(newest.links.map(({ elements }) => elements)).toEqual([1, 3]);
  newest.apply({ keep: 0, links: [linkAt(2)] });
  expect(newest.links.map(({ elements }) => elements)).toEqual([2]);
});

test('a chain of very many links is thinned: bounded, with its beginning and its end, and none too far from the next', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 * MAX_LINK_SPACING }), (step) => {
      const newest = new NewestBody();
      newest.apply({ keep: 0, links: [linkAt(1)] });
      let last = 1;
      for (let i = 0; i < 2000; i++) {
        last += step;
        const before = newest.links;
        newest.apply({ keep: before.length, links: [linkAt(last)] });
        // As long as it is short, nothing is lost of it.
        if (before.length < 512) expect(newest.links).toHaveLength(before.length + 1);
      }
      const all = newest.links.map(({ elements }) => elements);
      expect(all.length).toBeLessThanOrEqual(512);
      expect([all[0], all.at(-1)]).toEqual([1, last]);
      // The second is where a retry is told from a body that begins alike.
      expect(all[1]).toBe(1 + step);
      const widest = Math.max(...all.slice(1).map((elements, i) => elements - all[i]!));
      expect(widest).toBeLessThanOrEqual(Math.max(MAX_LINK_SPACING, (16 * last) / 512));
    }),
    { numRuns: 4 },
  );
});
