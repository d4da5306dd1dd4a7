import { expect, test } from 'vitest';
import { crashRun } from '../faults/crash/crash-run.ts';

/** A few kills at different points; `npm run test:faults` makes hundreds. */
test('a bridge that is killed while Couic reports and LAPI fails counts every report once, on both sides', async ({
  signal,
}) => {
  const { expected, actual, kills } = await crashRun(7, 6, () => {}, signal);
  expect(actual).toEqual(expected);
  expect(kills).toBe(6);
}, 120_000);
