import type { SimulatedFirewall } from './firewall.ts';
import type { Policy } from './report.ts';

/** `couicctl drop add` and `couicctl ignore add`: only the first has a tag when none is given. */
export function couicctlAdd(
  firewall: SimulatedFirewall,
  policy: Policy,
  cidr: string,
  options: { tag?: string; lifetime?: number } = {},
): boolean {
  const { tag = policy === 'drop' ? 'couicctl' : null, lifetime = 0 } = options;
  return firewall.add(policy, cidr, { tag, lifetime });
}
