import { REMOVE, wordsOf } from '../report/packed.ts';
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

  /** Those that the words name. */
  get tags(): string[] {
    return [...this.#tags.keys()];
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
