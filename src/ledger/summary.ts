import type { ByFamily, InstanceSummary, Summary } from '../service/admin/summary.ts';
import { driftOf } from './api-state.ts';
import { RULE_LIMITS } from './attribute-limits.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';

/** Tags of an instance that are told. */
const MOST_TAGS = 10;

/** How each Couic does, from what is in memory. */
export function summaryOf(state: LedgerState): Summary {
  const names = new Set([...state.instances.map(({ name }) => name), ...state.api.keys()]);
  return Array.from(names, (name) => {
    const totals = state.find(name);
    const api = state.api.get(name);
    return { ...told(name, totals), up: api?.up ?? null, drift: driftOf(api, totals) ?? null };
  });
}

function told(instance: string, totals: InstanceTotals | undefined): Omit<InstanceSummary, 'up' | 'drift'> {
  const dropped = totals?.traffic.totals.xdp.get('XDP_DROP');
  return {
    instance,
    lastReport: totals?.lastReport || null,
    rules: { drop: byFamily(totals, 0), ignore: byFamily(totals, 1) },
    limits: RULE_LIMITS,
    tags: totals ? mostRules(totals) : [],
    comparedAt: totals?.comparedAt || null,
    dropped: dropped ? { packets: Number(dropped.packets), bytes: Number(dropped.bytes) } : null,
    quarantined: totals?.quarantined.length ?? 0,
  };
}

function byFamily(totals: InstanceTotals | undefined, ignore: 0 | 1): ByFamily {
  return { ipv4: totals?.held[ignore] ?? 0, ipv6: totals?.held[2 | ignore] ?? 0 };
}

function mostRules(totals: InstanceTotals): InstanceSummary['tags'] {
  const { active, tags } = totals;
  const counts: { number: number; rules: number }[] = [];
  for (let number = 0; number < tags.names.length && 4 * number < active.length; number++) {
    // Drop rules of both families.
    const rules = active[4 * number]! + (active[4 * number + 2] ?? 0);
    if (rules > 0) counts.push({ number, rules });
  }
  return counts
    .toSorted((a, b) => b.rules - a.rules)
    .slice(0, MOST_TAGS)
    .map(({ number, rules }) => ({ tag: totals.tagOf(number), rules }));
}
