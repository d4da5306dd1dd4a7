import { formatCidr } from '../report/cidr.ts';
import { cidrOf, WORDS_IPV6 } from '../report/packed.ts';
import type { ShownRule } from '../service/admin/rules.ts';
import { UNTAGGED_NUMBER } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import type { Rule } from './rules/rules.ts';

/** The last time that a calendar has, Unix seconds: clients of Couic write far later ones for "never". */
const LAST_DATE = 8.64e12;
const words = new Int32Array(WORDS_IPV6);

/** A rule with names in place of numbers. */
export function shownRule({ rules, instances }: LedgerState, rule: Rule): ShownRule {
  const { name, tags } = instances[rules.instance(rule)]!;
  const tag = rules.tag(rule);
  rules.pack(rule, words, 0);
  return {
    instance: name,
    policy: rules.policy(rule) === 0 ? 'drop' : 'ignore',
    network: formatCidr(cidrOf(words, 0)),
    tag: tag === UNTAGGED_NUMBER ? null : tags.names[tag]!,
    since: dateOf(rules.creation(rule)),
    until: endOf(rules.expiration(rule)),
  };
}

/** @param seconds - since the epoch. @returns milliseconds. */
export function dateOf(seconds: number): number {
  return Math.min(seconds, LAST_DATE) * 1000;
}

/** @param seconds - since the epoch; 0: never. */
export function endOf(seconds: number): number | null {
  return seconds === 0 || seconds > LAST_DATE ? null : seconds * 1000;
}

/** @param now - ms since the epoch. */
export function isOver({ rules }: LedgerState, rule: Rule, now: number): boolean {
  const expiration = rules.expiration(rule);
  return expiration !== 0 && expiration * 1000 <= now;
}
