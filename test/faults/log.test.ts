import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FAULT_POINTS, type FaultPoint } from '../../src/log/embedded/faults.ts';
import { engineContract } from '../log/contract.ts';
import { Kills } from '../log/embedded/kills.ts';
import { DISK_STEPS } from '../log/embedded/power-disk.ts';
import { damageAtRandom } from '../log/embedded/random-damage.ts';
import { logIn, temporaryDirectory } from '../log/embedded/testing.ts';
import { randomNumbers } from '../log/folds.ts';

const timeout = 1_200_000;

engineContract({
  name: 'plain files, 300 kills and 300 power cuts in one process',
  create: async () => logIn(join(temporaryDirectory(), 'log')),
  steps: [...FAULT_POINTS, ...DISK_STEPS],
  seeds: Array.from({ length: 25 }, (_, i) => (i + 1) * 104_729),
});

test('random damage to the files', { timeout }, async () => {
  for (const seed of [1, 2, 3]) {
    const results = await damageAtRandom(200, randomNumbers(seed * 7919));
    console.table(results.map(({ file, kind, result }) => ({ file, kind, ...result })));
    for (const { file, kind, result } of results)
      if (file === 'needed') expect(result.harmless, `${kind}, seed ${seed}`).toBe(0);
  }
});

test('200 kills, of a process', { timeout }, async () => {
  const kills = new Kills(temporaryDirectory());
  const random = randomNumbers(7);
  const points: FaultPoint[] = FAULT_POINTS.filter((point) => point !== 'after-rotation');
  let acknowledged = 0;
  for (let i = 0; i < 200; i++) {
    const point = points[i % 14];
    acknowledged = await kills.kill(
      point ? { point, after: 1 + Math.floor(random() * 20) } : Math.floor(random() * 200),
    );
  }
  console.log(`${acknowledged} records acknowledged over 200 kills`);
  expect(acknowledged).toBeGreaterThan(1000);
});
