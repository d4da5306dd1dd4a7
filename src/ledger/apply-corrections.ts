import { creationOf, expirationOf, REMOVE, wordsOf } from '../report/packed.ts';
import { endRule, holdRule } from './apply-chunk.ts';
import type { CorrectionsRecord } from './correction-records.ts';
import { type InstanceTotals, UNTAGGED_NUMBER } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import { NO_RULE, type Rules } from './rules/rules.ts';

/**
 * Brings the rules to what Couic's list said, without counting anything as a report. The list was compared with the
 * rules of a moment ago: what reports have said since then goes before it.
 */
export function applyCorrections(state: LedgerState, { instance: name, words, tags, clock }: CorrectionsRecord): void {
  const instance = state.instance(name);
  state.rules.forgetBuried(state.clock);
  for (let at = 0; at < words.length; at += wordsOf(words[at]!)) {
    if ((words[at]! & REMOVE) !== 0) {
      removeGone(state.rules, instance, words, at, clock);
    } else {
      const tag = words[at + 1]!;
      const number = tag === 0 ? UNTAGGED_NUMBER : instance.tags.number(tags[tag - 1]!, clock);
      addUnknown(state.rules, instance, words, at, number, clock);
    }
  }
}

function removeGone(rules: Rules, instance: InstanceTotals, words: Int32Array, at: number, clock: number): void {
  const rule = rules.find(instance.number, words, at);
  if (rule === NO_RULE || rules.creation(rule) !== creationOf(words, at)) return;
  endRule(rules, instance, rule, clock);
  instance.corrections.removed++;
}

function addUnknown(
  rules: Rules,
  instance: InstanceTotals,
  words: Int32Array,
  at: number,
  tag: number,
  clock: number,
): void {
  const creation = creationOf(words, at);
  const expiration = expirationOf(words, at);
  if (expiration !== 0 && expiration * 1000 <= clock) return;
  if (rules.isBuried(instance.number, words, at)) return;
  const rule = rules.find(instance.number, words, at);
  if (rule !== NO_RULE) {
    const held = rules.creation(rule);
    const same = held === creation && rules.expiration(rule) === expiration && rules.tag(rule) === tag;
    if (held > creation || same) return;
    endRule(rules, instance, rule, clock);
  }
  if (!holdRule(rules, instance, words, at, tag, clock)) return;
  instance.addPrefixLength(words[at]!, clock);
  instance.corrections.added++;
}
