import { REMOVE, wordsOf } from '../report/packed.ts';
import { encodeCorrections } from './correction-records.ts';
import type { Rule, Rules } from './rules/rules.ts';

/** Corrections that go into one record. */
export class Corrections {
  /** Rules. */
  count = 0;
  #words = new Int32Array(1024);
  #length = 0;
  readonly #tags = new Map<string, number>();

  /** A rule that Couic has. @param words - of a chunk. @param tag - null for none. */
  add(words: Int32Array, at: number, tag: string | null): void {
    const length = wordsOf(words[at]!);
    this.#reserve();
    this.#words.set(words.subarray(at, at + length), this.#length);
    this.#words[this.#length + 1] = tag === null ? 0 : this.#tagNumber(tag);
    this.#length += length;
    this.count++;
  }

  /** A rule of the ledger that Couic has not. */
  remove(rules: Rules, rule: Rule): void {
    this.#reserve();
    const at = this.#length;
    this.#length += rules.pack(rule, this.#words, at);
    this.#words[at]! |= REMOVE;
    this.count++;
  }

  encode(clock: number, instance: string): Uint8Array {
    return encodeCorrections({ clock, instance, words: this.#words, tags: [...this.#tags.keys()] }, this.#length);
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
