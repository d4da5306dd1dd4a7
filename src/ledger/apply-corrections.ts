import { creationOf, expirationOf, IGNORE, IPV6, REMOVE, wordsOf } from '../report/packed.ts';
import { USED } from '../rules/rule-page.ts';
import type { RuleTable, Tail } from '../rules/rule-table.ts';
import { endRule, ruleKeyOf } from './apply-chunk.ts';
import type { CorrectionsRecord } from './correction-records.ts';
import { type InstanceTotals, PREFIXES } from './instance-totals.ts';
import { type LedgerState, UNTAGGED_NUMBER } from './ledger-state.ts';

/** A rule as Couic lists it, in the ledger's numbers. */
interface Rule {
  readonly table: RuleTable;
  readonly meta: number;
  readonly address: number;
  readonly tail: Tail;
  readonly creation: number;
  readonly expiration: number;
}

/**
 * Brings the rules to what Couic's list said, without counting anything as a report. The list was compared with the
 * rules of a moment ago: what reports have said since then goes before it.
 */
export function applyCorrections(state: LedgerState, { instance: name, words, tags, clock }: CorrectionsRecord): void {
  const instance = state.instance(name);
  state.tombstones.expire(state.clock);
  for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
    const rule = ruleAt(state, instance, words, at);
    if ((words[at]! & REMOVE) !== 0) {
      removeGone(instance, rule, clock);
    } else {
      const tag = words[at + 1]!;
      addUnknown(state, instance, rule, tag === 0 ? UNTAGGED_NUMBER : state.tags.number(tags[tag - 1]!), clock);
    }
  }
}

function removeGone(instance: InstanceTotals, { table, meta, address, tail, creation }: Rule, clock: number): void {
  const slot = table.find(meta, address, tail);
  if (slot < 0 || table.creation(slot) !== creation) return;
  endRule(instance, table, slot, clock);
  instance.corrections.removed++;
}

function addUnknown(state: LedgerState, instance: InstanceTotals, rule: Rule, tag: number, clock: number): void {
  const { table, meta, address, tail, creation, expiration } = rule;
  if (expiration !== 0 && expiration * 1000 <= clock) return;
  if (state.tombstones.has(table === state.ipv6, meta, address, tail, creation)) return;
  const slot = table.find(meta, address, tail);
  if (slot >= 0) {
    const held = table.creation(slot);
    const same = held === creation && table.expiration(slot) === expiration && table.tag(slot) === tag;
    if (held > creation || same) return;
    endRule(instance, table, slot, clock);
  }
  table.insert(meta, address, tail, tag, creation, expiration);
  instance.addActive(ruleKeyOf(table, tag, meta), 1);
  instance.prefixLengths[((table.addressWords === 4 ? 2 : 0) | (meta & 1)) * PREFIXES + ((meta >>> 8) & 0xff)]!++;
  instance.corrections.added++;
}

function ruleAt(state: LedgerState, instance: InstanceTotals, words: Int32Array, at: number): Rule {
  const word0 = words[at]!;
  const ipv6 = (word0 & IPV6) !== 0;
  return {
    table: ipv6 ? state.ipv6 : state.ipv4,
    meta: metaOf(instance, word0),
    address: words[at + 5]!,
    tail: ipv6 ? [words[at + 6]!, words[at + 7]!, words[at + 8]!] : [0, 0, 0],
    creation: creationOf(words, at),
    expiration: expirationOf(words, at),
  };
}

/** @param word0 - of a packed report. */
export function metaOf(instance: InstanceTotals, word0: number): number {
  return ((instance.number << 16) | (word0 & 0xff00) | USED | ((word0 & IGNORE) >>> 1)) >>> 0;
}
