import { type Benchmark, boundRow } from '../benchmark.ts';
import { runChild } from '../run-child.ts';

const child = new URL('./rules-child.js', import.meta.url);

/** Memory of active rules: flat, whatever their number. */
export const rules: Benchmark = {
  name: 'rules',
  async run({ smoke, runs }) {
    const rows = [];
    for (const count of smoke ? [20_000] : [250_000, 1_000_000, 4_000_000]) {
      const bytes = [];
      for (let i = 0; i < runs; i++) {
        bytes.push((await runChild<{ bytes: number }>(child, count)).bytes);
      }
      rows.push(boundRow(`${count.toLocaleString('en')} active rules`, 'bytes a rule', bytes, 120));
    }
    return rows;
  },
};
