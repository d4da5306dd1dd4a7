import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Benchmark, boundRow, median, mustEqual } from '../benchmark.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { instancesOf } from './records.ts';

const run = promisify(execFile);
const child = fileURLToPath(new URL('./restart-child.js', import.meta.url));

/** From the start of the process to the first 200 of health_check, after a SIGKILL. */
export const restart: Benchmark = {
  name: 'restart',
  async run({ smoke, runs }) {
    const after = smoke ? 1000 : 100_000;
    const counts = smoke ? [10_000] : [0, 250_000, 1_000_000, 2_000_000];
    const times = new Map<number, number[]>(counts.map((rules) => [rules, []]));
    // Counts take turns, so that what changes with time meets all alike.
    for (let i = 0; i < runs; i++)
      for (const [rules, seconds] of times) seconds.push(await startAfterKill(rules, rules === 0 ? 0 : after));
    const rows = [...times]
      .filter(([rules]) => rules <= 1_000_000)
      .map(([rules, seconds]) => {
        const what =
          rules > 0 ? ` and ${after.toLocaleString('en')} reports after the snapshot` : ', Node itself included';
        return boundRow(
          `ready again with ${rules.toLocaleString('en')} rules${what}`,
          's',
          seconds,
          rules > 0 ? 1 : 0.6,
        );
      });
    if (smoke) return rows;
    const [none, , one, two] = [...times.values()].map(median) as [number, number, number, number];
    const linear = (two - none) / (2 * (one - none));
    return [...rows, boundRow('time of 2,000,000 rules over twice that of 1,000,000', 'x', [linear], 1.2)];
  },
};

async function startAfterKill(rules: number, after: number): Promise<number> {
  const directory = BridgeProcess.newDirectory();
  try {
    if (rules > 0) {
      await run(process.execPath, [child, join(directory, 'state'), String(rules), String(after)]).catch((error) => {
        if (error.signal !== 'SIGKILL') throw error;
      });
    }
    const start = performance.now();
    const bridge = await BridgeProcess.start(directory, rules === 0 ? [] : instancesOf(rules + after));
    const seconds = (performance.now() - start) / 1000;
    try {
      mustEqual('rules', await bridge.total('couic_rule_active'), rules + after);
    } finally {
      await bridge.stop('SIGKILL');
    }
    return seconds;
  } finally {
    BridgeProcess.remove(directory);
  }
}
