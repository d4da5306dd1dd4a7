import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Little of everything: a benchmark that counts wrong fails, times are not looked at. */
describe('Benchmarks, in small', () => {
  test('every benchmark runs and counts what it sent', async () => {
    await run('npx', ['tsc', '-p', 'test/bench/tsconfig.json'], { cwd: root });
    const { stdout } = await run(process.execPath, ['dist-test/test/bench/main.js', '--smoke'], { cwd: root });
    const source = readFileSync(new URL('./main.ts', import.meta.url), 'utf8');
    const names = /const benchmarks: readonly Benchmark\[\] = \[([^\]]+)\]/.exec(source)?.[1]?.split(',') ?? [];
    expect(names.length).toBeGreaterThan(5);
    expect(stdout.match(/: counted$/gm)?.length).toBeGreaterThanOrEqual(names.length);
    expect(stdout).not.toMatch(/MISSED|NaN|undefined/);
  }, 180_000);
});
