import type { RuleIndex } from '../../src/ledger/rules/rule-index.ts';

/** Entries that a search looks at, on average over all that are held: those from its place to the next empty one. */
export function meanProbes(index: RuleIndex): number {
  let [probes, searches] = [0, 0];
  for (let shard = 0; shard < 256; shard++) {
    const table = index.tableOf((shard << 24) >>> 0);
    const mask = table.length / 2 - 1;
    for (let entry = 0; entry <= mask; entry++) {
      if (table[2 * entry] === 0) continue;
      searches++;
      let at = table[2 * entry + 1]! & mask;
      do {
        probes++;
        at = (at + 1) & mask;
      } while (table[2 * at] !== 0);
    }
  }
  return probes / searches;
}
