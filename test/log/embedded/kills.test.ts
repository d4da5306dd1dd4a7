import { expect, test } from 'vitest';
import type { FaultPoint } from '../../../src/log/embedded/faults.ts';
import { Kills } from './kills.ts';
import { temporaryDirectory } from './testing.ts';

const points: FaultPoint[] = [
  'before-commit',
  'after-commit',
  'after-apply',
  'snapshot-piece',
  'before-flip',
  'after-flip',
  'during-trim',
];

test('a process that is killed at any point has what it acknowledged after the next start', async () => {
  const kills = new Kills(temporaryDirectory());
  for (const point of points) await kills.kill({ point, after: 3 });
  await kills.kill(20);
  expect(await kills.kill(20)).toBeGreaterThan(100);
});
