import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { apiRun } from './couic-api/api-run.ts';

const MINUTES = Number(process.env.COUIC_API_MINUTES ?? 10);
const SEED = Number(process.env.COUIC_API_SEED ?? Date.now() % 1_000_000);
const root = fileURLToPath(new URL('../..', import.meta.url));

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: root });
}, 120_000);

test(`${MINUTES} minutes, seed ${SEED}: traffic to the packet, rules to the rule, windows to the item`, async () => {
  const { expected, actual, ...figures } = await apiRun(SEED, MINUTES * 60, (line) => console.log(line));
  console.log(JSON.stringify(figures));
  expect(actual).toEqual(expected);
  // A run in which nothing happened has not tested it.
  for (const [name, figure] of Object.entries(figures)) expect(figure, name).toBeGreaterThan(0);
});
