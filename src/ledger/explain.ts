import { setImmediate } from 'node:timers/promises';
import type { Cidr } from '../report/cidr.ts';
import type { InstanceExplanation, ShownRule } from '../service/admin/rules.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import { enclosing } from './rules/enclosing.ts';
import { isOver, shownRule } from './shown-rule.ts';

/** Rules inside of a network that are shown, of each instance; all are counted. */
const MOST_INSIDE = 100;
/** Numbers of rules that are looked at between two looks at what else there is to do. */
const SLICE = 65_536;

/** Bits of an address. */
const bitsOf = ({ ipv6 }: Cidr): number => (ipv6 ? 128 : 32);

/** Rules of one instance inside of a network. */
class Inside {
  readonly shown: ShownRule[] = [];
  drop = 0;
  ignore = 0;
}

/**
 * What each Couic does with packets from a network. Couic has a trie for each policy and asks that of `ignore` first, so any
 * rule to ignore goes before any to drop, whatever their prefixes; in one trie the longest prefix is found
 * (couic-ebpf/src/main.rs of Couic 1.0.2: `check_ipv4`, `check_ipv6`).
 * @param now - ms since the epoch: rules that are over then are not in force.
 */
export async function explainNetwork(
  state: LedgerState,
  cidr: Cidr,
  now: number,
): Promise<{ instances: readonly InstanceExplanation[]; scanned: number }> {
  const rules = state.instances.map((instance) => enclosingRules(state, instance, cidr, now));
  const inside = state.instances.map(() => new Inside());
  const scanned = cidr.prefix === bitsOf(cidr) ? 0 : await scan(state, cidr, now, inside);
  const instances = state.instances.map(({ name, drift, comparedAt }, i): InstanceExplanation => {
    const { shown, drop, ignore } = inside[i]!;
    const [first] = rules[i]!;
    return {
      instance: name,
      verdict: first?.policy ?? (drop + ignore > 0 ? 'partly' : 'none'),
      rules: rules[i]!,
      inside: { drop, ignore, shown },
      compared: drift === null ? null : { at: comparedAt, drift },
    };
  });
  return { instances, scanned };
}

function enclosingRules(state: LedgerState, { number }: InstanceTotals, cidr: Cidr, now: number): ShownRule[] {
  const found: ShownRule[] = [];
  for (const policy of [1, 0] as const) {
    for (const rule of enclosing(state.rules, number, policy, cidr)) {
      if (!isOver(state, rule, now)) found.push(shownRule(state, rule));
    }
  }
  return found;
}

/** Nothing leads to the networks inside of one: all rules are looked at. @returns how many. */
async function scan(state: LedgerState, cidr: Cidr, now: number, inside: readonly Inside[]): Promise<number> {
  const { rules } = state;
  const scanned = rules.size;
  for (let from = 0; from < rules.bound; from += SLICE) {
    const end = Math.min(from + SLICE, rules.bound);
    for (let rule = from; rule < end; rule++) {
      if (!rules.isInside(rule, cidr) || isOver(state, rule, now)) continue;
      // An instance that came meanwhile is not told of.
      const of = inside[rules.instance(rule)];
      if (of === undefined) continue;
      if (of.shown.length < MOST_INSIDE) of.shown.push(shownRule(state, rule));
      of[rules.policy(rule) === 0 ? 'drop' : 'ignore']++;
    }
    await setImmediate();
  }
  return scanned;
}
