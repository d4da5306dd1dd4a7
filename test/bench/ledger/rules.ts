import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Benchmark, boundRow } from '../benchmark.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./rules-child.js', import.meta.url));

/** Memory of active rules: flat, whatever their number. */
export const rules: Benchmark = {
  name: 'rules',
  async run({ smoke, runs }) {
    const rows = [];
    for (const count of smoke ? [20_000] : [250_000, 1_000_000, 4_000_000]) {
      const bytes = [];
      for (let i = 0; i < runs; i++) {
        const { stdout } = await run(process.execPath, ['--expose-gc', child, String(count)]);
        bytes.push((JSON.parse(stdout) as { bytes: number }).bytes);
      }
      rows.push(boundRow(`${count.toLocaleString('en')} active rules`, 'bytes a rule', bytes, 120));
    }
    return rows;
  },
};
