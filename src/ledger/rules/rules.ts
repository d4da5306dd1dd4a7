import { type Cidr, maskWord } from '../../report/cidr.ts';
import { creationOf, expirationOf, IPV6, packTimesHigh, WORDS_IPV4, WORDS_IPV6, wordsOf } from '../../report/packed.ts';
import type { HashKey } from './keyed-hash.ts';
import { instanceIn, isOwnedBy, metaOf, type Policy, policyIn, prefixIn, USED, word0Of } from './rule-meta.ts';
import { RuleTable } from './rule-table.ts';
import { RulesSnapshot, type SavedTable } from './rules-snapshot.ts';
import { Tombstones } from './tombstones.ts';

/** A rule in force, by a small number that is its own until it ends: its slot, and in the lowest bit 1 for IPv6. */
export type Rule = number;
export const NO_RULE = -1;

/** Where the address begins in a packed report. */
const ADDRESS = 5;

/** Told of what comes and goes while a list of Couic's rules is read. */
export interface RuleObserver {
  onAdd(rule: Rule): void;
  /** Called while the rule can still be asked about. */
  onEnd(rule: Rule): void;
}

/**
 * The rules in force, and the removals that overtook their add. The way in: a rule is named by a packed report about it
 * (`words` from `at` on, see src/report/packed.ts) and the number of its instance. Everything else in this folder is
 * how they are held: some 26 bytes each, found by hash, in the order they end.
 */
export class Rules {
  readonly #families: readonly [RuleTable, RuleTable];
  readonly #tombstones: readonly [Tombstones, Tombstones];
  readonly #observers = new Set<RuleObserver>();
  /** What `prefetch` looked at, and the hash of each report in it, where the report begins. */
  #fetched: { readonly words: Int32Array; readonly instance: number } | null = null;
  #hashes = new Int32Array(1024);

  /** @param key - of the hash by which rules are found; nothing that is kept depends on it. */
  constructor(key: HashKey) {
    this.#families = [new RuleTable(1, key), new RuleTable(4, key)];
    this.#tombstones = [new Tombstones(1, key), new Tombstones(4, key)];
  }

  get size(): number {
    return this.#families[0].size + this.#families[1].size;
  }

  find(instance: number, words: Int32Array, at: number): Rule {
    const family = familyOf(words, at);
    const meta = metaOf(instance, words[at]!);
    const slot = this.#families[family].find(this.#hash(instance, meta, words, at), meta, words, at + ADDRESS);
    return slot < 0 ? NO_RULE : (slot << 1) | family;
  }

  /**
   * Reads where `find` will begin. Made for many rules before any is looked for: their reads then wait for memory
   * together and not one after another. The words must stay as they are; each is hashed only once then.
   */
  prefetch(instance: number, words: Int32Array): void {
    this.#fetched = null;
    if (this.#hashes.length < words.length) this.#hashes = new Int32Array(2 * words.length);
    const hashes = this.#hashes;
    for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
      const table = this.#families[familyOf(words, at)];
      hashes[at] = table.hash(metaOf(instance, words[at]!), words, at + ADDRESS);
    }
    // Reads alone, so that many are under way at once: between them a processor would not look past one hash.
    for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
      this.#families[familyOf(words, at)].prefetch(hashes[at]!);
    }
    this.#fetched = { words, instance };
  }

  /** The rule must not be there; its times are the report's. @param tag - a number of the caller's, 16 bits. */
  add(instance: number, words: Int32Array, at: number, tag: number): Rule {
    const family = familyOf(words, at);
    const meta = metaOf(instance, words[at]!);
    const slot = this.#families[family].insert(
      this.#hash(instance, meta, words, at),
      meta,
      words,
      at + ADDRESS,
      tag,
      creationOf(words, at),
      expirationOf(words, at),
    );
    const rule = (slot << 1) | family;
    if (this.#observers.size > 0) for (const observer of this.#observers) observer.onAdd(rule);
    return rule;
  }

  end(rule: Rule): void {
    if (this.#observers.size > 0) for (const observer of this.#observers) observer.onEnd(rule);
    this.#table(rule).remove(rule >>> 1);
  }

  isIpv6(rule: Rule): boolean {
    return (rule & 1) === 1;
  }

  instance(rule: Rule): number {
    return instanceIn(this.#table(rule).meta(rule >>> 1));
  }

  policy(rule: Rule): Policy {
    return policyIn(this.#table(rule).meta(rule >>> 1));
  }

  tag(rule: Rule): number {
    return this.#table(rule).tag(rule >>> 1);
  }

  /** Unix seconds. */
  creation(rule: Rule): number {
    return this.#table(rule).creation(rule >>> 1);
  }

  /** Unix seconds; 0: never. */
  expiration(rule: Rule): number {
    return this.#table(rule).expiration(rule >>> 1);
  }

  /** Writes the rule as a packed report of its add, without tag and kind. @returns how many words. */
  pack(rule: Rule, into: Int32Array, at: number): number {
    const table = this.#table(rule);
    const slot = rule >>> 1;
    const creation = table.creation(slot);
    const expiration = table.expiration(slot);
    into[at] = word0Of(table.meta(slot), this.isIpv6(rule));
    into[at + 1] = 0;
    into[at + 2] = creation;
    into[at + 3] = expiration;
    into[at + 4] = packTimesHigh(creation, expiration);
    table.copyAddress(slot, into, at + ADDRESS);
    return this.isIpv6(rule) ? WORDS_IPV6 : WORDS_IPV4;
  }

  /** Every rule is below this number: with `isOf`, the way to look at all of an instance a few at a time. */
  get bound(): Rule {
    return Math.max(this.#families[0].slots, this.#families[1].slots) * 2;
  }

  /** Whether there is a rule of this number, of this instance and policy. */
  isOf(rule: Rule, instance: number, policy: Policy): boolean {
    const table = this.#table(rule);
    return rule >>> 1 < table.slots && isOwnedBy(table.meta(rule >>> 1), instance, policy);
  }

  /** Whether there is a rule of this number. */
  isHeld(rule: Rule): boolean {
    const table = this.#table(rule);
    return rule >>> 1 < table.slots && (table.meta(rule >>> 1) & USED) !== 0;
  }

  /** Whether there is a rule of this number, and its network is a part of another, smaller than that. */
  isInside(rule: Rule, { ipv6, prefix, words }: Cidr): boolean {
    if (this.isIpv6(rule) !== ipv6 || !this.isHeld(rule)) return false;
    const table = this.#table(rule);
    const slot = rule >>> 1;
    if (prefixIn(table.meta(slot)) <= prefix) return false;
    for (let i = 0; i < words.length; i++) {
      if (maskWord(table.addressWord(slot, i), prefix - 32 * i) !== words[i]) return false;
    }
    return true;
  }

  /** When the next rule ends, Unix seconds; Infinity for never. */
  get nextEnd(): number {
    return Math.min(this.#families[0].heap.nextTime, this.#families[1].heap.nextTime);
  }

  /** Rules that end at all. */
  get ending(): number {
    return this.#families[0].heap.size + this.#families[1].heap.size;
  }

  /**
   * Rules whose time is over, soonest first, of equal times the one of the lower number first: the order depends on the
   * rules alone. Whoever takes one has to `end` it before the next.
   * @param clock - ms since the epoch. @param most - of each address family.
   */
  *due(clock: number, most: number): Generator<Rule> {
    for (const [family, { heap }] of this.#families.entries()) {
      for (let left = most; left > 0 && heap.nextTime * 1000 <= clock; left--) yield (heap.nextSlot << 1) | family;
    }
  }

  /** Remembers for a while that a rule was removed before it was added. @param clock - ms since the epoch. */
  bury(instance: number, words: Int32Array, at: number, clock: number): void {
    const meta = metaOf(instance, words[at]!);
    this.#tombstones[familyOf(words, at)].add(
      this.#hash(instance, meta, words, at),
      meta,
      words,
      at + ADDRESS,
      creationOf(words, at),
      clock,
    );
  }

  /** @returns when this very rule was removed, Unix seconds, or -1; that is forgotten then. */
  takeBuried(instance: number, words: Int32Array, at: number): number {
    if (this.#tombstones[familyOf(words, at)].table.size === 0) return -1;
    const meta = metaOf(instance, words[at]!);
    return this.#tombstones[familyOf(words, at)].take(
      this.#hash(instance, meta, words, at),
      meta,
      words,
      at + ADDRESS,
      creationOf(words, at),
    );
  }

  /** Whether this very rule was removed before it was added. */
  isBuried(instance: number, words: Int32Array, at: number): boolean {
    const meta = metaOf(instance, words[at]!);
    return this.#tombstones[familyOf(words, at)].has(
      this.#hash(instance, meta, words, at),
      meta,
      words,
      at + ADDRESS,
      creationOf(words, at),
    );
  }

  /** Forgets removals that waited long enough. @param clock - ms since the epoch. */
  forgetBuried(clock: number): void {
    for (const tombstones of this.#tombstones) tombstones.expire(clock);
  }

  observe(observer: RuleObserver): void {
    this.#observers.add(observer);
  }

  unobserve(observer: RuleObserver): void {
    this.#observers.delete(observer);
  }

  /** All of it as of this call, though rules change while the snapshot is taken. One at a time. */
  snapshot(): RulesSnapshot {
    return new RulesSnapshot(this.#tables());
  }

  /** A page of a snapshot, in any order; then `finishRestore`. @param table - as the snapshot numbered it. */
  restorePage(table: number, bytes: Uint8Array): void {
    this.#tables()[table]!.restorePage(bytes);
  }

  /** @param saved - the snapshot's `tables`. @param each - called for every rule in force. */
  finishRestore(saved: readonly SavedTable[], each: (rule: Rule) => void): void {
    for (const [number, table] of this.#tables().entries()) {
      const { slots, free } = saved[number]!;
      table.finishRestore(slots, free, (slot) => {
        if (number < 2) each((slot << 1) | number);
      });
    }
  }

  /** The same for tombstones: their tables have the same key. */
  #hash(instance: number, meta: number, words: Int32Array, at: number): number {
    const fetched = this.#fetched;
    if (fetched !== null && fetched.words === words && fetched.instance === instance) return this.#hashes[at]!;
    return this.#families[familyOf(words, at)].hash(meta, words, at + ADDRESS);
  }

  #table(rule: Rule): RuleTable {
    return this.#families[(rule & 1) as 0 | 1];
  }

  /** In the order of their numbers in a snapshot. */
  #tables(): readonly RuleTable[] {
    return [...this.#families, ...this.#tombstones.map(({ table }) => table)];
  }
}

/** 0: IPv4, 1: IPv6. */
function familyOf(words: Int32Array, at: number): 0 | 1 {
  return (words[at]! & IPV6) === 0 ? 0 : 1;
}
