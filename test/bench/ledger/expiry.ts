import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Benchmark, boundRow } from '../benchmark.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./expiry-child.js', import.meta.url));

/** Many rules that end in the same second leave in slices. */
export const expiry: Benchmark = {
  name: 'expiry',
  async run({ smoke, runs }) {
    const count = smoke ? 10_000 : 100_000;
    const stalls = [];
    for (let i = 0; i < runs; i++) {
      const { stdout } = await run(process.execPath, ['--expose-gc', child, String(count)]);
      stalls.push((JSON.parse(stdout) as { longestStall: number }).longestStall);
    }
    return [boundRow(`${count.toLocaleString('en')} rules expiring in one second: longest stall`, 'ms', stalls, 50)];
  },
};
