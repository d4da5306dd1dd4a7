import { packTimesHigh } from '../../report/packed.ts';
import { freeMemory } from '../free-memory.ts';
import { ExpiryHeap } from './expiry-heap.ts';
import { type HashKey, keyedHash } from './keyed-hash.ts';
import { RuleIndex } from './rule-index.ts';
import { instanceIn, USED } from './rule-meta.ts';
import { PAGE_BITS, PAGE_MASK, PAGE_SLOTS, RulePage, trimPage, untrimPage } from './rule-page.ts';

const HIGH = 2 ** 32;

/**
 * Rules of one address family, by (instance, policy, network). Everything is numbers; see rule-page.ts. An address is
 * given as words of an array from `at` on, one or four, as packed reports have them.
 */
export class RuleTable {
  /** Rules held. */
  size = 0;
  readonly pages: RulePage[] = [];
  readonly heap = new ExpiryHeap(this.pages);
  /** By instance, when each has an order of its own. */
  readonly heaps = new Map<number, ExpiryHeap>();
  readonly addressWords: 1 | 4;
  /** Slots ever used; those beyond are new. */
  slots = 0;
  /** First free slot plus one; 0 for none. */
  free = 0;
  /** Means nothing; a read into nowhere would be left out by the compiler. */
  prefetched = 0;
  readonly index = new RuleIndex();
  readonly #key: HashKey;
  readonly #apart: boolean;
  /** While a snapshot is being written: its copies of the pages that changed since, by page number. */
  #copies: Map<number, Uint8Array> | null = null;
  #copiedSlots = 0;

  /** @param apart - whether the rules of each instance are in an order of their own, in `heaps`, and none in `heap`. */
  constructor(addressWords: 1 | 4, key: HashKey, apart = false) {
    this.addressWords = addressWords;
    this.#key = key;
    this.#apart = apart;
  }

  /** In which the rule's end is. */
  heapOf(meta: number): ExpiryHeap {
    if (!this.#apart) return this.heap;
    const instance = instanceIn(meta);
    let heap = this.heaps.get(instance);
    if (heap === undefined) {
      heap = new ExpiryHeap(this.pages);
      this.heaps.set(instance, heap);
    }
    return heap;
  }

  hash(meta: number, words: Int32Array, at: number): number {
    return keyedHash(this.#key, meta, words, at, this.addressWords);
  }

  /** @param hash - as `hash` makes it. @returns the rule's slot, or -1. */
  find(hash: number, meta: number, words: Int32Array, at: number): number {
    const table = this.index.tableOf(hash);
    const mask = (table.length >>> 1) - 1;
    for (let entry = hash & mask; ; entry = (entry + 1) & mask) {
      const slot = table[2 * entry]! - 1;
      if (slot < 0) return -1;
      if (table[2 * entry + 1] === hash && this.#holds(slot, meta, words, at)) return slot;
    }
  }

  #holds(slot: number, meta: number, words: Int32Array, at: number): boolean {
    const page = this.pages[slot >>> PAGE_BITS]!;
    const i = slot & PAGE_MASK;
    if (page.meta[i] !== meta) return false;
    const address = page.address;
    if (this.addressWords === 1) return address[i] === words[at];
    return (
      address[4 * i] === words[at] &&
      address[4 * i + 1] === words[at + 1] &&
      address[4 * i + 2] === words[at + 2] &&
      address[4 * i + 3] === words[at + 3]
    );
  }

  /**
   * Reads where `find` will begin. Made for many rules before any is looked for: their reads then wait for memory
   * together and not one after another.
   */
  prefetch(hash: number): void {
    const table = this.index.tableOf(hash);
    this.prefetched = table[2 * (hash & ((table.length >>> 1) - 1))]!;
  }

  /** The rule must not be there. Times in Unix seconds; expiration 0: never. */
  insert(
    hash: number,
    meta: number,
    words: Int32Array,
    at: number,
    tag: number,
    creation: number,
    expiration: number,
  ): number {
    let slot: number;
    if (this.free !== 0) {
      slot = this.free - 1;
      this.#touch(slot);
      this.free = this.pages[slot >>> PAGE_BITS]!.address[(slot & PAGE_MASK) * this.addressWords]!;
    } else {
      slot = this.slots++;
      if (slot >>> PAGE_BITS === this.pages.length) this.pages.push(new RulePage(this.addressWords));
      this.#touch(slot);
    }
    const page = this.pages[slot >>> PAGE_BITS]!;
    const i = slot & PAGE_MASK;
    page.meta[i] = meta;
    const { address } = page;
    if (this.addressWords === 1) address[i] = words[at]!;
    else for (let word = 0; word < 4; word++) address[4 * i + word] = words[at + word]!;
    page.tag[i] = tag;
    this.#setTimes(page, i, creation, expiration);
    this.size++;
    this.index.insert(hash, slot);
    if (expiration !== 0) this.heapOf(meta).push(expiration, slot);
    return slot;
  }

  remove(slot: number): void {
    this.#touch(slot);
    const page = this.pages[slot >>> PAGE_BITS]!;
    const i = slot & PAGE_MASK;
    this.index.remove(this.#hashOf(slot), slot);
    if (page.heapPosition[i] !== 0) this.heapOf(page.meta[i]!).removeAt(page.heapPosition[i]! - 1);
    page.meta[i] = 0;
    // Nothing of its address may get into a snapshot.
    page.address.fill(0, i * this.addressWords, (i + 1) * this.addressWords);
    page.address[i * this.addressWords] = this.free;
    this.free = slot + 1;
    this.size--;
  }

  /** Writes the address words of a slot's rule. */
  copyAddress(slot: number, into: Int32Array, at: number): void {
    const { address } = this.pages[slot >>> PAGE_BITS]!;
    const first = (slot & PAGE_MASK) * this.addressWords;
    for (let word = 0; word < this.addressWords; word++) into[at + word] = address[first + word]!;
  }

  /** @param word - 0 for the most significant. */
  addressWord(slot: number, word: number): number {
    return this.pages[slot >>> PAGE_BITS]!.address[(slot & PAGE_MASK) * this.addressWords + word]!;
  }

  meta(slot: number): number {
    return this.pages[slot >>> PAGE_BITS]!.meta[slot & PAGE_MASK]!;
  }

  tag(slot: number): number {
    return this.pages[slot >>> PAGE_BITS]!.tag[slot & PAGE_MASK]!;
  }

  creation(slot: number): number {
    const page = this.pages[slot >>> PAGE_BITS]!;
    const i = slot & PAGE_MASK;
    return page.creation[i]! + (page.high[i]! & 0xffff) * HIGH;
  }

  expiration(slot: number): number {
    const page = this.pages[slot >>> PAGE_BITS]!;
    const i = slot & PAGE_MASK;
    return page.expiration[i]! + (page.high[i]! >>> 16) * HIGH;
  }

  /**
   * From now until `endSnapshot` the pages can be read as they are now, though rules change: a page that is about to
   * change is copied first, once. One snapshot at a time.
   */
  beginSnapshot(): void {
    this.#copies = new Map();
    this.#copiedSlots = this.slots;
  }

  /** Copies a page as it was at `beginSnapshot`; each may be asked for once. @returns how many bytes. */
  snapshotPage(number: number, into: Uint8Array): number {
    const slots = this.#copiedSlots - number * PAGE_SLOTS;
    const copy = this.#copies!.get(number);
    const length = trimPage(copy ?? this.pages[number]!.bytes, this.addressWords, slots, into);
    if (copy) freeMemory(copy);
    // It is out: later changes need no copy.
    this.#copies!.set(number, EMPTY);
    return length;
  }

  endSnapshot(): void {
    for (const copy of this.#copies?.values() ?? []) freeMemory(copy);
    this.#copies = null;
  }

  /** Takes the pages of a snapshot; then `finishRestore`. */
  restorePage(bytes: Uint8Array): void {
    this.pages.push(untrimPage(bytes, this.addressWords));
  }

  /** Rebuilds what pages do not hold. @param each - called for every rule. */
  finishRestore(slots: number, free: number, each: (slot: number) => void): void {
    this.slots = slots;
    this.free = free;
    this.index.reserve(slots);
    for (let slot = 0; slot < slots; slot++) {
      if ((this.meta(slot) & USED) === 0) continue;
      this.size++;
      this.index.insert(this.#hashOf(slot), slot);
      const expiration = this.expiration(slot);
      if (expiration !== 0) this.heapOf(this.meta(slot)).append(expiration, slot);
      each(slot);
    }
    for (const heap of [this.heap, ...this.heaps.values()]) heap.heapify();
  }

  /** Call before a slot changes. */
  #touch(slot: number): void {
    if (this.#copies === null) return;
    const number = slot >>> PAGE_BITS;
    if (number * PAGE_SLOTS >= this.#copiedSlots) return;
    if (!this.#copies.has(number)) this.#copies.set(number, this.pages[number]!.bytes.slice());
  }

  #setTimes(page: RulePage, i: number, creation: number, expiration: number): void {
    page.creation[i] = creation;
    page.expiration[i] = expiration;
    page.high[i] = packTimesHigh(creation, expiration);
  }

  #hashOf(slot: number): number {
    const page = this.pages[slot >>> PAGE_BITS]!;
    return this.hash(page.meta[slot & PAGE_MASK]!, page.address, (slot & PAGE_MASK) * this.addressWords);
  }
}

const EMPTY = new Uint8Array(0);
