import { expect, test } from 'vitest';
import { FAULT_POINTS } from '../../src/log/embedded/faults.ts';
import { Kills } from '../log/embedded/kills.ts';
import { damageAtRandom } from '../log/embedded/random-damage.ts';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { randomNumbers } from '../log/folds.ts';

const timeout = 1_200_000;

test('random damage to every file of a log', { timeout }, async () => {
  for (const seed of [1, 2, 3]) {
    for (const { file, kind, result } of await damageAtRandom(100, randomNumbers(seed * 7919))) {
      if (file === 'needed') expect(result.harmless, `${kind}, ${file}, seed ${seed}`).toBe(0);
      else if (file !== 'for readers only') expect(result.refused, `${kind}, ${file}, seed ${seed}`).toBe(0);
    }
  }
});

test('200 kills, of a process', { timeout }, async () => {
  const kills = new Kills(temporaryDirectory());
  const random = randomNumbers(7);
  let acknowledged = 0;
  for (let i = 0; i < 200; i++) {
    const point = FAULT_POINTS[i % (2 * FAULT_POINTS.length)];
    acknowledged = await kills.kill(
      point ? { point, after: 1 + Math.floor(random() * 20) } : Math.floor(random() * 200),
    );
  }
  console.log(`${acknowledged} records acknowledged over 200 kills`);
  expect(acknowledged).toBeGreaterThan(1000);
});
