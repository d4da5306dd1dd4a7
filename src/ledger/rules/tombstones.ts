import type { HashKey } from './keyed-hash.ts';
import { RuleTable } from './rule-table.ts';

/** How long a removal waits for the add that it overtook, in seconds. Both are queued within milliseconds of each other. */
const KEPT_S = 60;
/** Of one instance: removals of rules that never come (of peers, of set files) must not fill the memory, nor push out those of another. */
export const MAX_KEPT = 65_536;

/**
 * Removals that came before their add, of one address family: Couic queues a report after its store's lock is released,
 * so a remove can overtake. The add then does not become an active rule. Kept as rules are, with the time they are
 * forgotten at.
 */
export class Tombstones {
  readonly table: RuleTable;

  constructor(addressWords: 1 | 4, key: HashKey) {
    this.table = new RuleTable(addressWords, key, true);
  }

  /** @param creation - of the removed rule. @param clock - ms since the epoch. */
  add(hash: number, meta: number, words: Int32Array, at: number, creation: number, clock: number): void {
    const { table } = this;
    const slot = table.find(hash, meta, words, at);
    const heap = table.heapOf(meta);
    if (slot >= 0) table.remove(slot);
    else if (heap.size >= MAX_KEPT) table.remove(heap.nextSlot);
    table.insert(hash, meta, words, at, 0, creation, Math.ceil(clock / 1000) + KEPT_S);
  }

  /** @returns when the rule of this creation was removed, Unix seconds, or -1; the tombstone is used up then. */
  take(hash: number, meta: number, words: Int32Array, at: number, creation: number): number {
    const { table } = this;
    const slot = table.find(hash, meta, words, at);
    if (slot < 0 || table.creation(slot) !== creation) return -1;
    const removed = table.expiration(slot) - KEPT_S;
    table.remove(slot);
    return removed;
  }

  /** Whether the rule of this creation was removed; the tombstone stays. */
  has(hash: number, meta: number, words: Int32Array, at: number, creation: number): boolean {
    const slot = this.table.find(hash, meta, words, at);
    return slot >= 0 && this.table.creation(slot) === creation;
  }

  /** @param clock - ms since the epoch. */
  expire(clock: number): void {
    const { table } = this;
    for (const heap of table.heaps.values()) while (heap.nextTime * 1000 <= clock) table.remove(heap.nextSlot);
  }
}
