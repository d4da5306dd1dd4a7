import { expect, test } from 'vitest';
import { crashRun } from './crash/crash-run.ts';
import { KILL_POINTS } from './crash/kill-plan.ts';

const KILLS = Number(process.env.CRASH_KILLS ?? 320);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000);

test(`${KILLS} kills, seed ${SEED}: counters, active rules and windows equal the model's, to the last report`, async ({
  signal,
}) => {
  const result = await crashRun(SEED, KILLS, (line) => console.log(line), signal);
  const { expected, actual, ...figures } = result;
  console.log(JSON.stringify(figures));
  expect(actual).toEqual(expected);
  // A run in which a point was never hit has not tested it.
  if (KILLS >= 20 * KILL_POINTS.length) {
    for (const point of KILL_POINTS) expect(figures.byPoint[point], point).toBeGreaterThan(0);
  }
  expect(figures.failedAttempts).toBeGreaterThan(0);
});
