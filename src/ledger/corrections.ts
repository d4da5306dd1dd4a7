import { IGNORE, IPV6, packTimesHigh, REMOVE, WORDS_IPV4, WORDS_IPV6, wordsOf } from '../report/packed.ts';
import { addressOf } from '../rules/rule-observer.ts';
import type { RuleTable } from '../rules/rule-table.ts';
import { encodeCorrections } from './correction-records.ts';

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
  remove(table: RuleTable, slot: number): void {
    this.#reserve();
    const meta = table.meta(slot);
    const ipv6 = table.addressWords === 4;
    const creation = table.creation(slot);
    const flags = REMOVE | ((meta & 1) === 0 ? 0 : IGNORE) | (ipv6 ? IPV6 : 0);
    const words = this.#words;
    const at = this.#length;
    words[at] = flags | (meta & 0xff00);
    words[at + 1] = 0;
    words[at + 2] = creation;
    words[at + 3] = 0;
    words[at + 4] = packTimesHigh(creation, 0);
    words.set(addressOf(table, slot), at + 5);
    this.#length += ipv6 ? WORDS_IPV6 : WORDS_IPV4;
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
