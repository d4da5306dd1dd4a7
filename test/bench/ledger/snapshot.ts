import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Benchmark, boundRow, median } from '../benchmark.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./snapshot-child.js', import.meta.url));

/** A snapshot is written beside the reports: how much slower are they, and is anything held up? */
export const snapshot: Benchmark = {
  name: 'snapshot',
  async run({ smoke, runs }) {
    const rules = smoke ? 50_000 : 1_000_000;
    const shares: number[] = [];
    const stalls: number[] = [];
    for (let i = 0; i < runs; i++) {
      const { stdout } = await run(process.execPath, [child, String(rules)]);
      const { during, after, longestStall } = JSON.parse(stdout) as Record<'during' | 'after' | 'longestStall', number>;
      shares.push(during / after);
      stalls.push(longestStall);
    }
    const value = median(shares);
    const name = `snapshot of ${rules.toLocaleString('en')} rules while ingesting`;
    return [
      {
        name,
        measured: `${value.toFixed(2)} of the throughput`,
        reference: 'without it: 1',
        value,
        spread: [Math.min(...shares), Math.max(...shares)],
        target: '>= 0.8x',
        met: value >= 0.8,
      },
      boundRow(`${name}: longest stall`, 'ms', stalls, 50),
    ];
  },
};
