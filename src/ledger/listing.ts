import { creationOf, expirationOf, IPV6, wordsOf } from '../report/packed.ts';
import type { ReportChunk } from '../report/report-chunk.ts';
import { addressOf, type RuleObserver, SlotSet } from '../rules/rule-observer.ts';
import { USED } from '../rules/rule-page.ts';
import type { RuleTable, Tail } from '../rules/rule-table.ts';
import { metaOf } from './apply-corrections.ts';
import type { Corrections } from './corrections.ts';
import { type LedgerState, UNTAGGED_NUMBER } from './ledger-state.ts';

/** Rules that are remembered to have left while a list was read. */
const MAX_REMOVED = 65_536;
/** A rule that ends this soon is left to its expiry: the clocks of two hosts are never the same. Seconds. */
const EXPIRES_SOON = 2;
/** Rules that are taken out by one record: a millisecond or two of work, then others have their turn. */
const CORRECTIONS_PER_RECORD = 1024;

/**
 * One list of Couic's rules, of one policy, compared with the ledger while reports go on. What a report changes between
 * the call and the end of the list is newer than the list: it is watched, and left alone.
 */
export class Listing {
  readonly #state: LedgerState;
  readonly #instance: string;
  readonly #policy: 0 | 1;
  readonly #watches: readonly [Watch, Watch];

  /** From now on changes are watched: create it before Couic is asked. `close` has to follow. */
  constructor(state: LedgerState, instance: string, policy: 'drop' | 'ignore') {
    this.#state = state;
    this.#instance = instance;
    this.#policy = policy === 'drop' ? 0 : 1;
    this.#watches = [new Watch(state.ipv4), new Watch(state.ipv6)];
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
  }

  /** Looks up each rule of the list. @param now - Unix seconds. */
  compare(chunk: ReportChunk, corrections: Corrections, now: number): void {
    const { words } = chunk;
    const tags = chunk.tags.strings();
    for (let at = 0; at < chunk.length; at += wordsOf(words[at]!)) {
      const tag = words[at + 1]!;
      this.#compareOne(words, at, tag === 0 ? null : tags[tag - 1]!, corrections, now);
    }
  }

  /** The slots that are looked at by `sweep`, of both families. */
  get slots(): readonly [ipv4: number, ipv6: number] {
    return [this.#state.ipv4.slots, this.#state.ipv6.slots];
  }

  /**
   * Of these slots, takes out what the list did not hold. Only after all of it was compared.
   * @returns the slot to go on with: `to`, or an earlier one when there are corrections enough for one record.
   */
  sweep(family: 0 | 1, from: number, to: number, corrections: Corrections, now: number): number {
    const instance = this.#state.find(this.#instance);
    if (instance === undefined) return to;
    const { table, seen, inserted } = this.#watches[family];
    const owner = ((instance.number << 16) | USED | this.#policy) >>> 0;
    for (let slot = from; slot < to; slot++) {
      if (corrections.count === CORRECTIONS_PER_RECORD) return slot;
      if ((table.meta(slot) & ~0xff00) >>> 0 !== owner || seen.has(slot) || inserted.has(slot)) continue;
      const expiration = table.expiration(slot);
      if (expiration === 0 || expiration > now + EXPIRES_SOON) corrections.remove(table, slot);
    }
    return to;
  }

  #compareOne(words: Int32Array, at: number, tag: string | null, corrections: Corrections, now: number): void {
    const expiration = expirationOf(words, at);
    if (expiration !== 0 && expiration <= now) return;
    const instance = this.#state.find(this.#instance);
    if (instance === undefined) {
      corrections.add(words, at, tag);
      return;
    }
    const ipv6 = (words[at]! & IPV6) !== 0;
    const watch = this.#watches[ipv6 ? 1 : 0];
    const { table } = watch;
    const meta = metaOf(instance, words[at]!);
    const tail: Tail = ipv6 ? [words[at + 6]!, words[at + 7]!, words[at + 8]!] : [0, 0, 0];
    const creation = creationOf(words, at);
    const slot = table.find(meta, words[at + 5]!, tail);
    if (slot < 0) {
      if (!watch.wasRemoved(meta, words[at + 5]!, tail, creation)) corrections.add(words, at, tag);
      return;
    }
    watch.seen.add(slot);
    const held = table.creation(slot);
    if (held > creation) {
      if (watch.inserted.has(slot)) return;
      // Couic's clock was set back: the rule that it lists is the newer one all the same.
      corrections.remove(table, slot);
      corrections.add(words, at, tag);
    } else if (held < creation || table.expiration(slot) !== expiration || !this.#hasTag(table, slot, tag)) {
      corrections.add(words, at, tag);
    }
  }

  #hasTag(table: RuleTable, slot: number, tag: string | null): boolean {
    return table.tag(slot) === (tag === null ? UNTAGGED_NUMBER : this.#state.tags.peek(tag));
  }
}

/** What happens to one table meanwhile. */
class Watch implements RuleObserver {
  readonly table: RuleTable;
  /** Slots of rules that the list holds. */
  readonly seen = new SlotSet();
  /** Slots that got their rule since the list was asked for. */
  readonly inserted = new SlotSet();
  readonly #removed = new Set<string>();

  constructor(table: RuleTable) {
    this.table = table;
    table.observers.add(this);
  }

  close(): void {
    this.table.observers.delete(this);
  }

  onInsert(slot: number): void {
    this.inserted.add(slot);
  }

  onRemove(slot: number): void {
    if (this.#removed.size >= MAX_REMOVED) return;
    const [address, ...tail] = addressOf(this.table, slot);
    this.#removed.add(keyOf(this.table.meta(slot), address, tail, this.table.creation(slot)));
  }

  /** Whether a rule left since the list was asked for; when too many did to say, the next list will tell. */
  wasRemoved(meta: number, address: number, tail: Tail, creation: number): boolean {
    if (this.#removed.size === 0) return false;
    return this.#removed.size >= MAX_REMOVED || this.#removed.has(keyOf(meta, address, tail, creation));
  }
}

function keyOf(meta: number, address: number, tail: Tail, creation: number): string {
  return `${meta} ${address >>> 0} ${tail[0] >>> 0} ${tail[1] >>> 0} ${tail[2] >>> 0} ${creation}`;
}
