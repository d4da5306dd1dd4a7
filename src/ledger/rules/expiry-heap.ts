import { freeMemory } from '../free-memory.ts';
import { PAGE_BITS, PAGE_MASK, type RulePage } from './rule-page.ts';

/**
 * Rules by the time they end, soonest first: a heap with four children a node, in two flat arrays. Among equal times
 * the lower slot comes first, so that the order depends on the rules alone and a restored ledger expires the same ones.
 */
export class ExpiryHeap {
  size = 0;
  #times = new Float64Array(1024);
  #slots = new Uint32Array(1024);
  readonly #pages: readonly RulePage[];

  /** @param pages - of the table, whose `heapPosition` columns are kept here. */
  constructor(pages: readonly RulePage[]) {
    this.#pages = pages;
  }

  /** Unix seconds of the next rule to end; Infinity for none. */
  get nextTime(): number {
    return this.size === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  get nextSlot(): number {
    return this.#slots[0]!;
  }

  push(time: number, slot: number): void {
    this.append(time, slot);
    this.#up(this.size - 1, time, slot);
  }

  /** Adds without order; `heapify` must follow. */
  append(time: number, slot: number): void {
    if (this.size === this.#times.length) {
      const old = [this.#times, this.#slots] as const;
      this.#times = new Float64Array(this.size * 2);
      this.#slots = new Uint32Array(this.size * 2);
      this.#times.set(old[0]);
      this.#slots.set(old[1]);
      for (const array of old) freeMemory(array);
    }
    this.#place(this.size++, time, slot);
  }

  heapify(): void {
    for (let i = (this.size - 2) >> 2; i >= 0; i--) this.#down(i, this.#times[i]!, this.#slots[i]!);
  }

  /** @param position - as the page's `heapPosition` minus one. */
  removeAt(position: number): void {
    this.#pages[this.#slots[position]! >>> PAGE_BITS]!.heapPosition[this.#slots[position]! & PAGE_MASK] = 0;
    const last = --this.size;
    if (position === last) return;
    const time = this.#times[last]!;
    const slot = this.#slots[last]!;
    this.#up(position, time, slot);
    // The last one may belong above or below; only one of the two moves it.
    if (this.#slots[position] === slot) this.#down(position, time, slot);
  }

  #place(i: number, time: number, slot: number): void {
    this.#times[i] = time;
    this.#slots[i] = slot;
    this.#pages[slot >>> PAGE_BITS]!.heapPosition[slot & PAGE_MASK] = i + 1;
  }

  #up(i: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      const above = times[parent]!;
      if (above < time || (above === time && slots[parent]! < slot)) break;
      this.#place(i, above, slots[parent]!);
      i = parent;
    }
    this.#place(i, time, slot);
  }

  #down(i: number, time: number, slot: number): void {
    const times = this.#times;
    const slots = this.#slots;
    const size = this.size;
    for (;;) {
      const first = 4 * i + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let best = first;
      for (let child = first + 1; child < end; child++) {
        if (times[child]! < times[best]! || (times[child] === times[best] && slots[child]! < slots[best]!))
          best = child;
      }
      const below = times[best]!;
      if (time < below || (time === below && slot < slots[best]!)) break;
      this.#place(i, below, slots[best]!);
      i = best;
    }
    this.#place(i, time, slot);
  }
}
