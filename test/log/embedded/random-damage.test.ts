import { expect, test } from 'vitest';
import { randomNumbers } from '../folds.ts';
import { damageAtRandom } from './random-damage.ts';

/**
 * Every flipped bit and every cut of what a start reads is found. What only readers need is read, and so found, when they
 * read it; the reserve holds nothing; a damaged mark says nothing, which is what a missing one says.
 */
test('damage to what a start reads is refused, each time; damage to the rest changes nothing', async () => {
  for (const { file, kind, result } of await damageAtRandom(5, randomNumbers(1))) {
    const { refused, harmless, behind, unchanged } = result;
    expect(refused + harmless + behind + unchanged, `${kind}, ${file}`).toBe(5);
    if (file === 'needed') expect(harmless, `${kind}, ${file}`).toBe(0);
    else if (file !== 'for readers only') expect(refused, `${kind}, ${file}`).toBe(0);
  }
});
