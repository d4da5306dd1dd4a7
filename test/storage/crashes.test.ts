import { test } from 'vitest';
import { crashAtRandom } from './crashes.ts';

test.each([1, 2, 3])('after a crash at any point the folds hold what was acknowledged, once (seed %i)', (seed) =>
  crashAtRandom(12, seed),
);
