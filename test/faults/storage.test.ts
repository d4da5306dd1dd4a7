import { expect, test } from 'vitest';
import type { FaultPoint } from '../../src/storage/faults.ts';
import { crashAtRandom } from '../storage/crashes.ts';
import { Kills } from '../storage/kills.ts';
import { damageAtRandom, randomNumbers } from '../storage/random-damage.ts';
import { temporaryDirectory } from '../storage/testing.ts';

const timeout = 1_200_000;

test('random damage to the data file', { timeout }, async () => {
  for (const seed of [1, 2, 3]) console.table(await damageAtRandom(400, seed * 7919));
});

test('500 crashes, in one process', { timeout }, async () => {
  for (let seed = 1; seed <= 25; seed++) await crashAtRandom(20, seed * 104_729);
});

test('200 kills, of a process', { timeout }, async () => {
  const kills = new Kills(temporaryDirectory());
  const random = randomNumbers(7);
  const points: FaultPoint[] = [
    'before-commit',
    'after-commit',
    'after-apply',
    'snapshot-piece',
    'before-flip',
    'after-flip',
    'during-trim',
  ];
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
