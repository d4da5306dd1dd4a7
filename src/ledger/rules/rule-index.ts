import { freeMemory } from '../free-memory.ts';

/** The index is split by the first bits of the hash. */
const SHARD_BITS = 8;
const SHARDS = 1 << SHARD_BITS;
const SMALLEST = 8;
const FULLEST = 0.7;

/**
 * Slots by the hash of their key: open addressing with linear probing. In 256 small tables instead of one, so that
 * growing moves a 256th of the rules at a time and no report waits for millions. Each entry is two words side by side,
 * the slot plus one and the hash: a search then looks at a rule only where the whole hash fits, and growing at none.
 */
export class RuleIndex {
  readonly #shards: Int32Array[] = Array.from({ length: SHARDS }, () => new Int32Array(2 * SMALLEST));
  readonly #counts = new Uint32Array(SHARDS);

  /** Makes room for so many rules at once, before a bulk load into an empty index. */
  reserve(rules: number): void {
    let capacity = SMALLEST;
    while (capacity * FULLEST < (rules / SHARDS) * 1.2) capacity *= 2;
    for (let shard = 0; shard < SHARDS; shard++) this.#resize(shard, capacity);
  }

  /**
   * The table to search for a hash: from word `2 * (hash & mask)` on, two by two and wrapping round, until a slot word is 0;
   * `mask` is half the length less one.
   */
  tableOf(hash: number): Int32Array {
    return this.#shards[hash >>> (32 - SHARD_BITS)]!;
  }

  /** The slot must not be in the index yet. @param hash - signed 32 bits, well mixed: V8 keeps those without making an object of them. */
  insert(hash: number, slot: number): void {
    const shard = hash >>> (32 - SHARD_BITS);
    const count = ++this.#counts[shard]!;
    let table = this.#shards[shard]!;
    if (2 * count > table.length * FULLEST) table = this.#resize(shard, table.length);
    place(table, hash, slot + 1);
  }

  /** The slot must be in the index. Entries after it move up, so that no search ends early. */
  remove(hash: number, slot: number): void {
    const shard = hash >>> (32 - SHARD_BITS);
    const table = this.#shards[shard]!;
    const mask = (table.length >>> 1) - 1;
    let hole = hash & mask;
    while (table[2 * hole] !== slot + 1) hole = (hole + 1) & mask;
    this.#counts[shard]!--;
    for (let next = (hole + 1) & mask; table[2 * next] !== 0; next = (next + 1) & mask) {
      const home = table[2 * next + 1]! & mask;
      // Moves only if its home is not between the hole and itself.
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        table[2 * hole] = table[2 * next]!;
        table[2 * hole + 1] = table[2 * next + 1]!;
        hole = next;
      }
    }
    table[2 * hole] = 0;
  }

  #resize(shard: number, capacity: number): Int32Array {
    const old = this.#shards[shard]!;
    const table = new Int32Array(2 * capacity);
    this.#shards[shard] = table;
    for (let i = 0; i < old.length; i += 2) if (old[i] !== 0) place(table, old[i + 1]!, old[i]!);
    freeMemory(old);
    return table;
  }
}

function place(table: Int32Array, hash: number, slotPlusOne: number): void {
  const mask = (table.length >>> 1) - 1;
  let at = hash & mask;
  while (table[2 * at] !== 0) at = (at + 1) & mask;
  table[2 * at] = slotPlusOne;
  table[2 * at + 1] = hash;
}
