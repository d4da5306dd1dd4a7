import type { SimulatedFirewall } from '../../support/couic-sim/firewall.ts';
import type { CouicReport } from '../../support/couic-sim/report.ts';

/** What one Couic reported, counted where it was queued: what the bridge must come to. */
export class Model {
  /** By `action policy tag family`. */
  readonly reports: Record<string, number> = {};
  /** Added drop rules by tag: `dropped` of the windows. */
  readonly dropped: Record<string, number> = {};
  total = 0;

  count({ action, policy, entry }: CouicReport): void {
    const tag = entry.tag || 'untagged';
    add(this.reports, `${action} ${policy} ${tag} ${familyOf(entry.cidr)}`);
    if (action === 'add' && policy === 'drop') add(this.dropped, entry.tag ?? '');
    this.total++;
  }
}

/** Rules that Couic holds, by `policy tag family`. */
export function activeRules(firewall: SimulatedFirewall): Record<string, number> {
  firewall.expire();
  const active: Record<string, number> = {};
  for (const policy of ['drop', 'ignore'] as const) {
    for (const { cidr, tag } of firewall.entries(policy)) {
      add(active, `${policy} ${tag || 'untagged'} ${familyOf(cidr)}`);
    }
  }
  return active;
}

function familyOf(cidr: string): string {
  return cidr.includes(':') ? 'ipv6' : 'ipv4';
}

function add(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
