import { RuleTable, type Tail } from './rule-table.ts';

/** How long a removal waits for the add that it overtook, in seconds. Both are queued within milliseconds of each other. */
const KEPT_S = 60;
/** Removals of rules that never come (of peers, of set files) must not fill the memory. */
const MAX_KEPT = 65_536;

/**
 * Removals that came before their add: Couic queues a report after its store's lock is released, so a remove can
 * overtake. The add then does not become an active rule. Kept as rules are, with the time they are forgotten at.
 */
export class Tombstones {
  readonly ipv4 = new RuleTable(1);
  readonly ipv6 = new RuleTable(4);

  /** @param creation - of the removed rule. @param clock - ms since the epoch. */
  add(ipv6: boolean, meta: number, address: number, tail: Tail, creation: number, clock: number): void {
    const table = ipv6 ? this.ipv6 : this.ipv4;
    const slot = table.find(meta, address, tail);
    if (slot >= 0) table.remove(slot);
    else if (table.size >= MAX_KEPT) table.remove(table.heap.nextSlot);
    table.insert(meta, address, tail, 0, creation, Math.ceil(clock / 1000) + KEPT_S);
  }

  /** @returns when the rule of this creation was removed, Unix seconds, or -1; the tombstone is used up then. */
  take(ipv6: boolean, meta: number, address: number, tail: Tail, creation: number): number {
    const table = ipv6 ? this.ipv6 : this.ipv4;
    if (table.size === 0) return -1;
    const slot = table.find(meta, address, tail);
    if (slot < 0 || table.creation(slot) !== creation) return -1;
    const removed = table.expiration(slot) - KEPT_S;
    table.remove(slot);
    return removed;
  }

  /** Whether the rule of this creation was removed; the tombstone stays. */
  has(ipv6: boolean, meta: number, address: number, tail: Tail, creation: number): boolean {
    const table = ipv6 ? this.ipv6 : this.ipv4;
    const slot = table.find(meta, address, tail);
    return slot >= 0 && table.creation(slot) === creation;
  }

  expire(clock: number): void {
    while (this.ipv4.heap.nextTime * 1000 <= clock) this.ipv4.remove(this.ipv4.heap.nextSlot);
    while (this.ipv6.heap.nextTime * 1000 <= clock) this.ipv6.remove(this.ipv6.heap.nextSlot);
  }
}
