import { expect, test } from 'vitest';
import { apiRun } from '../faults/couic-api/api-run.ts';

/** Some turns; `npm run test:faults` goes on for ten minutes. */
test('a bridge beside a Couic with peers, sets and traffic comes to what is true, and LAPI is told so', async () => {
  const { expected, actual, checks } = await apiRun(11, 6, () => {});
  expect(actual).toEqual(expected);
  expect(checks).toBeGreaterThan(1);
}, 120_000);
