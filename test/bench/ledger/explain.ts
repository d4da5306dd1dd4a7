import { join } from 'node:path';
import { type Benchmark, boundRow } from '../benchmark.ts';
import { BridgeProcess } from '../bridge-process.ts';
import { runChild } from '../run-child.ts';
import type { Explained } from './explain-child.ts';

const child = new URL('./explain-child.js', import.meta.url);

/** What the bridge takes to answer `explain`: the rules alone, and with the log that their reports came in. */
export const explain: Benchmark = {
  name: 'explain',
  async run({ smoke, runs }) {
    const count = smoke ? 20_000 : 1_000_000;
    const all: Explained[] = [];
    for (let i = 0; i < runs; i++) {
      const directory = BridgeProcess.newDirectory();
      try {
        all.push(await runChild<Explained>(child, join(directory, 'state'), count));
      } finally {
        BridgeProcess.remove(directory);
      }
    }
    const rules = `explain with ${count.toLocaleString('en')} rules`;
    const row = (what: string, of: keyof Explained, atMost: number) =>
      boundRow(
        `${rules}: ${what}`,
        'ms',
        all.map((each) => each[of]),
        atMost,
      );
    return [
      row('an address', 'address', 100),
      row('a network, by looking through all rules', 'network', 100),
      row('an address, with all their reports read from the log', 'withLog', 100),
    ];
  },
};
