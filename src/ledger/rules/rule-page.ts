/** Slots of a page, as a power of two: a page is the unit that a snapshot copies, and stays well under 1 MiB. */
export const PAGE_BITS = 14;
export const PAGE_SLOTS = 1 << PAGE_BITS;
export const PAGE_MASK = PAGE_SLOTS - 1;

/*
 * Pages are shared memory, though nobody shares it: V8 does not count that among the memory that makes it collect garbage.
 * Counted, every 20 MiB of rules would have the whole heap marked, and optimized code be thrown away with it.
 */

/**
 * Rules in columns of numbers: about 26 bytes a rule for IPv4, where an object with strings takes 135. All columns
 * that a snapshot needs are views of one buffer, so that copying a page is one copy.
 */
export class RulePage {
  readonly bytes: Uint8Array;
  /** See rule-meta.ts; 0 in a free slot. */
  readonly meta: Uint32Array;
  /** Address words, most significant first; of a free slot, the next free one plus one. */
  readonly address: Int32Array;
  /** Unix seconds, low 32 bits. */
  readonly creation: Uint32Array;
  readonly expiration: Uint32Array;
  /** Their bits 32 to 47: creation low half, expiration high half. */
  readonly high: Uint32Array;
  readonly tag: Uint16Array;
  /** Position in the expiry heap plus one; 0 for a rule without end. Derived, so not in `bytes`. */
  readonly heapPosition = new Uint32Array(new SharedArrayBuffer(4 * PAGE_SLOTS));

  static byteLength(addressWords: number): number {
    return PAGE_SLOTS * (4 * addressWords + 18);
  }

  constructor(addressWords: number) {
    const buffer = new SharedArrayBuffer(RulePage.byteLength(addressWords));
    this.bytes = new Uint8Array(buffer);
    const column = 4 * PAGE_SLOTS;
    this.meta = new Uint32Array(buffer, 0, PAGE_SLOTS);
    this.creation = new Uint32Array(buffer, column, PAGE_SLOTS);
    this.expiration = new Uint32Array(buffer, 2 * column, PAGE_SLOTS);
    this.high = new Uint32Array(buffer, 3 * column, PAGE_SLOTS);
    this.address = new Int32Array(buffer, 4 * column, PAGE_SLOTS * addressWords);
    this.tag = new Uint16Array(buffer, (4 + addressWords) * column, PAGE_SLOTS);
  }
}

/** Where the columns begin, by their bytes a slot, in the order of the buffer. */
function columns(addressWords: number): number[] {
  return [4, 4, 4, 4, 4 * addressWords, 2];
}

/** Copies only the first slots of a page, column after column: most ledgers fill no page. @returns how many bytes. */
export function trimPage(bytes: Uint8Array, addressWords: number, slots: number, into: Uint8Array): number {
  let [from, to] = [0, 0];
  for (const width of columns(addressWords)) {
    into.set(bytes.subarray(from, from + width * Math.min(slots, PAGE_SLOTS)), to);
    from += width * PAGE_SLOTS;
    to += width * Math.min(slots, PAGE_SLOTS);
  }
  return to;
}

/** A new page of what `trimPage` copied. */
export function untrimPage(trimmed: Uint8Array, addressWords: number): RulePage {
  const page = new RulePage(addressWords);
  const slots = trimmed.length / (4 * addressWords + 18);
  let [from, to] = [0, 0];
  for (const width of columns(addressWords)) {
    page.bytes.set(trimmed.subarray(from, from + width * slots), to);
    from += width * slots;
    to += width * PAGE_SLOTS;
  }
  return page;
}
