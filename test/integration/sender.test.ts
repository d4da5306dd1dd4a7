import { describe, expect, test } from 'vitest';
import { churnRun, pauseRun, restartRun } from '../faults/sender/churn-run.ts';
import { loseAll } from '../faults/sender/lost-answers.ts';

/** A running bridge and a Couic with the real one's times; `npm run test:faults` goes on for longer. */
describe('every report of a Couic is counted once', { timeout: 60_000 }, () => {
  test('while few networks are added and removed many times a second', async () => {
    // On a machine that is busy elsewhere, few seconds may bring no equal bodies: then some more.
    for (let equal = 0, seed = 5; equal === 0; seed++) {
      const run = await churnRun(seed, 4);
      expect(run.actual).toEqual(run.expected);
      equal = run.equal;
    }
  });

  test('wherever a request or its answer breaks off', async () => {
    for (const [trouble, failures] of Object.entries(await loseAll())) {
      expect(failures, trouble).toBeGreaterThan(0);
    }
  });

  test('when the bridge stands still for 4 s in the middle of a body, and equal bodies follow', async () => {
    const { expected, actual, equal } = await pauseRun(4);
    expect(actual).toEqual(expected);
    expect(equal).toBeGreaterThan(0);
  });

  test('when the bridge ends between an answer and the next body', async () => {
    const { expected, actual } = await restartRun(2);
    expect(actual).toEqual(expected);
  });
});
