import { creationOf, expirationOf, IGNORE, IPV6, WORDS_IPV6, wordsOf } from '../report/packed.ts';
import type { ReportChunk } from '../report/report-chunk.ts';
import { type InstanceTotals, UNTAGGED_NUMBER } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import type { PackedRules } from './packed-rules.ts';
import { NO_RULE, type Rule, type RuleObserver, type Rules } from './rules/rules.ts';
import { SlotSet } from './slot-set.ts';

/** Rules that are remembered to have left while a list was read. */
const MAX_ENDED = 65_536;
/** Of a packed report's first word: what belongs to the rule. */
const RULE_BITS = 0xff00 | IGNORE | IPV6;
/** A rule that ends this soon is left to its expiry: the clocks of two hosts are never the same. Seconds. */
const EXPIRES_SOON = 2;

/**
 * One list of Couic's rules, of one policy, compared with the ledger while reports go on. What a report changes between
 * the call and the end of the list is newer than the list: it is watched, and left alone.
 */
export class Listing {
  readonly #state: LedgerState;
  readonly #instance: string;
  readonly #policy: 0 | 1;
  readonly #watch: Watch;

  /** From now on changes are watched: create it before Couic is asked. `close` has to follow. */
  constructor(state: LedgerState, instance: string, policy: 'drop' | 'ignore') {
    this.#state = state;
    this.#instance = instance;
    this.#policy = policy === 'drop' ? 0 : 1;
    this.#watch = new Watch(state.rules, () => state.find(instance)?.number);
  }

  close(): void {
    this.#watch.close();
  }

  /** Looks up each rule of the list. @param now - Unix seconds. */
  compare(chunk: ReportChunk, corrections: PackedRules, now: number): void {
    const { words } = chunk;
    const tags = chunk.tags.strings();
    for (let at = 0; at < chunk.length; at += wordsOf(words[at]!)) {
      const tag = words[at + 1]!;
      this.#compareOne(words, at, tag === 0 ? null : tags[tag - 1]!, corrections, now);
    }
  }

  /** The list holds these networks, and what else it says of them cannot be read. @returns how many the ledger has not. */
  keep(named: ReportChunk): number {
    let unknown = 0;
    const number = this.#state.find(this.#instance)?.number;
    for (let at = 0; at < named.length; at += wordsOf(named.words[at]!)) {
      const rule = number === undefined ? NO_RULE : this.#state.rules.find(number, named.words, at);
      if (rule === NO_RULE) unknown++;
      else this.#watch.seen.add(rule);
    }
    return unknown;
  }

  /** The rules that are looked at by `gone` are below this. */
  get bound(): Rule {
    return this.#state.rules.bound;
  }

  /** Of the rules with these numbers, those that the list did not hold. Only after all of it was compared. */
  *gone(from: Rule, to: Rule, now: number): Generator<Rule> {
    const instance = this.#state.find(this.#instance);
    if (instance === undefined) return;
    const { rules } = this.#state;
    const { seen, added } = this.#watch;
    for (let rule = from; rule < to; rule++) {
      if (!rules.isOf(rule, instance.number, this.#policy) || seen.has(rule) || added.has(rule)) continue;
      const expiration = rules.expiration(rule);
      if (expiration === 0 || expiration > now + EXPIRES_SOON) yield rule;
    }
  }

  #compareOne(words: Int32Array, at: number, tag: string | null, corrections: PackedRules, now: number): void {
    const expiration = expirationOf(words, at);
    if (expiration !== 0 && expiration <= now) return;
    const instance = this.#state.find(this.#instance);
    if (instance === undefined) {
      corrections.add(words, at, tag);
      return;
    }
    const { rules } = this.#state;
    const watch = this.#watch;
    const creation = creationOf(words, at);
    const rule = rules.find(instance.number, words, at);
    if (rule === NO_RULE) {
      if (!watch.hasEnded(words, at)) corrections.add(words, at, tag);
      return;
    }
    watch.seen.add(rule);
    const held = rules.creation(rule);
    if (held > creation) {
      if (watch.added.has(rule)) return;
      // Couic's clock was set back: the rule that it lists is the newer one all the same.
      corrections.remove(rules, rule, instance.tagOf(rules.tag(rule)));
      corrections.add(words, at, tag);
    } else if (held < creation || rules.expiration(rule) !== expiration || !hasTag(rules, rule, instance, tag)) {
      corrections.add(words, at, tag);
    }
  }
}

function hasTag(rules: Rules, rule: Rule, { tags }: InstanceTotals, tag: string | null): boolean {
  return rules.tag(rule) === (tag === null ? UNTAGGED_NUMBER : tags.peek(tag));
}

/** What happens to the rules of an instance meanwhile. */
class Watch implements RuleObserver {
  /** Rules that the list holds. */
  readonly seen = new SlotSet();
  /** Rules that came since the list was asked for. */
  readonly added = new SlotSet();
  readonly #ended = new Set<string>();
  readonly #words = new Int32Array(WORDS_IPV6);
  readonly #rules: Rules;
  readonly #instance: () => number | undefined;

  /** @param instance - its number, once it has one. */
  constructor(rules: Rules, instance: () => number | undefined) {
    this.#rules = rules;
    this.#instance = instance;
    rules.observe(this);
  }

  close(): void {
    this.#rules.unobserve(this);
  }

  onAdd(rule: Rule): void {
    this.added.add(rule);
  }

  onEnd(rule: Rule): void {
    if (this.#ended.size >= MAX_ENDED || this.#rules.instance(rule) !== this.#instance()) return;
    this.#rules.pack(rule, this.#words, 0);
    this.#ended.add(keyOf(this.#words, 0));
  }

  /** Whether a rule left since the list was asked for; when too many did to say, the next list will tell. */
  hasEnded(words: Int32Array, at: number): boolean {
    if (this.#ended.size === 0) return false;
    return this.#ended.size >= MAX_ENDED || this.#ended.has(keyOf(words, at));
  }
}

/** Of the rule that a packed report names. */
function keyOf(words: Int32Array, at: number): string {
  const address = words.subarray(at + 5, at + wordsOf(words[at]!)).join(' ');
  return `${words[at]! & RULE_BITS} ${creationOf(words, at)} ${address}`;
}
