import { ERASED, REMOVE, wordsOf } from '../report/packed.ts';
import type { Rule, Rules } from './rules/rules.ts';

/** Rules of one instance as the reports that would have told of them, for a record that is no report's. */
export class PackedRules {
  /** Rules. */
  count = 0;
  #words = new Int32Array(1024);
  #length = 0;
  readonly #tags = new Map<string, number>();

  /** A rule that came. @param words - of a chunk. @param tag - null for none. */
  add(words: Int32Array, at: number, tag: string | null): void {
    const length = wordsOf(words[at]!);
    this.#reserve();
    this.#words.set(words.subarray(at, at + length), this.#length);
    // The kind is a number of the chunk's own list.
    this.#words[this.#length]! &= 0xffff;
    this.#words[this.#length + 1] = tag === null ? 0 : this.#tagNumber(tag);
    this.#length += length;
    this.count++;
  }

  /** A rule of the ledger that left. @param tag - its name; null for none. */
  remove(rules: Rules, rule: Rule, tag: string | null): void {
    this.#reserve();
    const at = this.#length;
    this.#length += rules.pack(rule, this.#words, at);
    this.#words[at]! |= REMOVE;
    this.#words[at + 1] = tag === null ? 0 : this.#tagNumber(tag);
    this.count++;
  }

  /** In use. */
  get words(): Int32Array {
    return this.#words.subarray(0, this.#length);
  }

  /** The first of them, at most so many. */
  first(most: number): Int32Array {
    let end = 0;
    for (let rules = 0; rules < most && end < this.#length; rules++) end += wordsOf(this.#words[end]!);
    return this.#words.slice(0, end);
  }

  /** Lets go of the first ones. @param words - whole rules. */
  drop(words: number): void {
    for (let at = 0; at < words && at < this.#length; at += wordsOf(this.#words[at]!)) this.count--;
    this.#words.copyWithin(0, words, this.#length);
    this.#length = Math.max(this.#length - words, 0);
    if (this.#length === 0) this.#tags.clear();
  }

  /** Those that the words name. */
  get tags(): string[] {
    return [...this.#tags.keys()];
  }

  /** Overwrites what names some of them; they keep their places. */
  blank(isIt: (words: Int32Array, at: number, tag: string | null) => boolean): void {
    const { tags, words } = this;
    for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
      const tag = words[at + 1]!;
      if (!isIt(words, at, tag === 0 ? null : tags[tag - 1]!)) continue;
      words[at]! |= ERASED;
      words[at + 1] = 0;
      words.fill(0, at + 5, at + wordsOf(words[at]!));
    }
  }

  save(): { words: number[]; tags: string[] } {
    return { words: [...this.words], tags: this.tags };
  }

  restore({ words, tags }: ReturnType<PackedRules['save']>): void {
    const all = Int32Array.from(words);
    for (let at = 0; at < all.length; at += wordsOf(all[at]!)) {
      const tag = all[at + 1]!;
      this.add(all, at, tag === 0 ? null : tags[tag - 1]!);
    }
  }

  /** As in a chunk: one more than the place in the list. */
  #tagNumber(tag: string): number {
    let number = this.#tags.get(tag);
    if (number === undefined) {
      number = this.#tags.size + 1;
      this.#tags.set(tag, number);
    }
    return number;
  }

  #reserve(): void {
    if (this.#length + 16 <= this.#words.length) return;
    const larger = new Int32Array(this.#words.length * 2);
    larger.set(this.#words);
    this.#words = larger;
  }
}
