import { test } from 'vitest';
import { damageAtRandom } from '../storage/random-damage.ts';

test.each([1, 2, 3])('random damage to the data file, seed %i', { timeout: 600_000 }, async (seed) => {
  console.table(await damageAtRandom(400, seed * 7919));
});
