import { expect, test } from 'vitest';
import { damageAtRandom } from './random-damage.ts';

test('a damaged data file is refused at the start, unless the damage changes nothing', async () => {
  const results = await damageAtRandom(8, 1);
  for (const [kind, { refused, harmless }] of Object.entries(results)) {
    expect(refused, kind).toBeGreaterThan(0);
    expect(refused + harmless, kind).toBe(8);
  }
});
