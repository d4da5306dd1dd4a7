import { type Benchmark, boundRow, median } from '../benchmark.ts';
import { runChild } from '../run-child.ts';

const child = new URL('./snapshot-child.js', import.meta.url);

/** A snapshot is written beside the reports: how much slower are they, and is anything held up? */
export const snapshot: Benchmark = {
  name: 'snapshot',
  async run({ smoke, runs }) {
    const rules = smoke ? 50_000 : 1_000_000;
    const shares: number[] = [];
    const stalls: number[] = [];
    for (let i = 0; i < runs; i++) {
      type Figures = Record<'during' | 'after' | 'longestStall', number>;
      const { during, after, longestStall } = await runChild<Figures>(child, rules);
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
