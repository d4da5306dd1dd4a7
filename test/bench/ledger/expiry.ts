import { type Benchmark, boundRow } from '../benchmark.ts';
import { runChild } from '../run-child.ts';

const child = new URL('./expiry-child.js', import.meta.url);

/** Many rules that end in the same second leave in slices. */
export const expiry: Benchmark = {
  name: 'expiry',
  async run({ smoke, runs }) {
    const count = smoke ? 10_000 : 100_000;
    const stalls = [];
    for (let i = 0; i < runs; i++) {
      const { longestStall } = await runChild<{ longestStall: number }>(child, count);
      stalls.push(longestStall);
    }
    return [boundRow(`${count.toLocaleString('en')} rules expiring in one second: longest stall`, 'ms', stalls, 50)];
  },
};
