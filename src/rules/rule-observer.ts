import { PAGE_BITS, PAGE_MASK } from './rule-page.ts';
import type { RuleTable } from './rule-table.ts';

/** Told of what changes in a RuleTable while a list of Couic's rules is read. */
export interface RuleObserver {
  onInsert(slot: number): void;
  /** Called while the slot still holds the rule. */
  onRemove(slot: number): void;
}

/** A set of slots, a bit for each. */
export class SlotSet {
  #bits = new Uint8Array(1024);

  add(slot: number): void {
    const byte = slot >>> 3;
    if (byte >= this.#bits.length) {
      const larger = new Uint8Array(Math.max(this.#bits.length * 2, byte + 1));
      larger.set(this.#bits);
      this.#bits = larger;
    }
    this.#bits[byte]! |= 1 << (slot & 7);
  }

  has(slot: number): boolean {
    return ((this.#bits[slot >>> 3] ?? 0) & (1 << (slot & 7))) !== 0;
  }
}

/** The address words of a slot's rule. */
export function addressOf(table: RuleTable, slot: number): [number, number, number, number] {
  const { address } = table.pages[slot >>> PAGE_BITS]!;
  const i = slot & PAGE_MASK;
  if (table.addressWords === 1) return [address[i]!, 0, 0, 0];
  return [address[4 * i]!, address[4 * i + 1]!, address[4 * i + 2]!, address[4 * i + 3]!];
}
