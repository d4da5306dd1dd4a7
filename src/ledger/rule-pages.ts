import type { RuleFilter, RulePage, ShownRule } from '../service/admin/rules.ts';
import type { LedgerState } from './ledger-state.ts';
import { isOver, shownRule } from './shown-rule.ts';

/** What one page takes at most: rules in it, and numbers of rules that are looked at for it. A few milliseconds. */
const MOST_RULES = 4096;
const MOST_LOOKED_AT = 131_072;

/**
 * A page of the rules in force, in no order. Each is in one page at most; what comes or goes between two pages may be in
 * one of them or not.
 * @param from - 0, or the page before's `next`. @param now - ms since the epoch.
 */
export function rulePage(state: LedgerState, filter: RuleFilter, from: number, now: number): RulePage {
  const { rules } = state;
  const found: ShownRule[] = [];
  const isWanted = matcher(state, filter);
  const end = Math.min(rules.bound, from + MOST_LOOKED_AT);
  let next = from;
  for (; next < end && found.length < MOST_RULES; next++) {
    if (rules.isHeld(next) && !isOver(state, next, now) && isWanted(next)) found.push(shownRule(state, next));
  }
  return { rules: found, next: next < rules.bound ? next : null };
}

/** By numbers: names are made of the rules alone that are shown. */
function matcher({ rules, instances }: LedgerState, { instance, tag, policy }: RuleFilter): (rule: number) => boolean {
  const wanted = instances.map(({ name, tags }) => {
    if (instance !== undefined && name !== instance) return null;
    return tag === undefined ? undefined : tags.names.indexOf(tag);
  });
  const wantedPolicy = policy === undefined ? undefined : policy === 'drop' ? 0 : 1;
  return (rule) => {
    const number = wanted[rules.instance(rule)];
    if (number === null || (wantedPolicy !== undefined && rules.policy(rule) !== wantedPolicy)) return false;
    return number === undefined || rules.tag(rule) === number;
  };
}
