import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { churnRun, pauseRun, restartRun } from './sender/churn-run.ts';
import { loseAll } from './sender/lost-answers.ts';

const SEED = Number(process.env.SENDER_SEED ?? Date.now() % 1_000_000);
const root = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root });
}, 120_000);

test(`a minute of churn on 20 networks over 16 callers, seed ${SEED}: every report is counted`, async () => {
  const { expected, actual, ...figures } = await churnRun(SEED, 60);
  console.log(JSON.stringify({ ...figures, ...expected }));
  expect(actual).toEqual(expected);
  expect(expected.reports).toBeGreaterThan(10_000);
  expect(figures.equal).toBeGreaterThan(0);
});

test.each([0.5, 1, 2, 3, 4, 6])('%d s of standing still in the middle of a body', async (seconds) => {
  const { expected, actual } = await pauseRun(seconds);
  expect(actual).toEqual(expected);
});

test('requests and answers that break off, ten times over', async () => {
  for (let i = 0; i < 10; i++) {
    for (const [trouble, failures] of Object.entries(await loseAll())) expect(failures, trouble).toBeGreaterThan(0);
  }
});

test('20 ends between an answer and the next body', async () => {
  const { expected, actual } = await restartRun(20);
  expect(actual).toEqual(expected);
});
