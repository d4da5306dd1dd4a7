/** Where in the tables a rule's slot is looked for. */
const SHARD_BITS = 8;
const SHARDS = 1 << SHARD_BITS;

/**
 * Slots by the hash of their key: open addressing with linear probing. In 256 small tables instead of one, so that
 * growing moves a 256th of the rules at a time and no report waits for millions.
 */
export class RuleIndex {
  readonly #shards: Uint32Array[] = Array.from({ length: SHARDS }, () => new Uint32Array(8));
  readonly #counts = new Uint32Array(SHARDS);
  readonly #hashOf: (slot: number) => number;

  /** @param hashOf - of a slot that is in the index; 32 bits, well mixed. */
  constructor(hashOf: (slot: number) => number) {
    this.#hashOf = hashOf;
  }

  /** Makes room for so many rules at once, before a bulk load. */
  reserve(rules: number): void {
    let capacity = 8;
    while (capacity * 0.7 < (rules / SHARDS) * 1.2) capacity *= 2;
    for (let shard = 0; shard < SHARDS; shard++) {
      if (this.#shards[shard]!.length < capacity) this.#resize(shard, capacity);
    }
  }

  /** The table to probe from `start(hash)` on, wrapping round; an entry is a slot plus one, 0 ends the search. */
  tableOf(hash: number): Uint32Array {
    return this.#shards[hash >>> (32 - SHARD_BITS)]!;
  }

  /** The slot must not be in the index yet. */
  insert(hash: number, slot: number): void {
    const shard = hash >>> (32 - SHARD_BITS);
    const count = ++this.#counts[shard]!;
    let table = this.#shards[shard]!;
    if (count > table.length * 0.7) table = this.#resize(shard, table.length * 2);
    place(table, hash, slot);
  }

  /** The slot must be in the index. Entries after it move up, so that no search ends early. */
  remove(hash: number, slot: number): void {
    const shard = hash >>> (32 - SHARD_BITS);
    const table = this.#shards[shard]!;
    const mask = table.length - 1;
    let hole = hash & mask;
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    this.#counts[shard]!--;
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hashOf(table[next]! - 1) & mask;
      // Moves only if its home is not between the hole and itself.
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        table[hole] = table[next]!;
        hole = next;
      }
    }
    table[hole] = 0;
  }

  #resize(shard: number, capacity: number): Uint32Array {
    const old = this.#shards[shard]!;
    const table = new Uint32Array(capacity);
    this.#shards[shard] = table;
    for (const entry of old) if (entry !== 0) place(table, this.#hashOf(entry - 1), entry - 1);
    return table;
  }
}

function place(table: Uint32Array, hash: number, slot: number): void {
  const mask = table.length - 1;
  let at = hash & mask;
  while (table[at] !== 0) at = (at + 1) & mask;
  table[at] = slot + 1;
}
