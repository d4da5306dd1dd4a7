import type { Reconciliation } from '../../../src/ledger/reconciler.ts';
import { counted } from '../../../src/telemetry/counted.ts';

const KEPT = 'rules that its lists do not hold stay in the ledger, for they may be among those';
const KEPT_ONE = 'rule that its lists do not hold stays in the ledger, for it may be among those';

/** @returns in words what kept a comparison from being a whole one; undefined when nothing did. */
export function incompleteness({
  unreadable,
  short,
  kept,
}: Reconciliation): { reason: string; message: string } | undefined {
  const said: string[] = [];
  if (unreadable.size > 0) {
    const count = [...unreadable.values()].reduce((sum, each) => sum + each, 0);
    const reasons = [...unreadable].map(([reason, each]) => `${reason}: ${each}`).join(', ');
    said.push(`${counted(count, 'rules')} that Couic lists cannot be read (${reasons})`);
  }
  for (const { policy, listed, counted: counts } of short) {
    said.push(
      `Couic lists ${counted(listed, `${policy} rules`)} and counts ${counts}: is a proxy in between, with an old answer?`,
    );
  }
  if (said.length === 0) return undefined;
  if (kept > 0) said.push(counted(kept, KEPT, KEPT_ONE));
  return { reason: unreadable.size > 0 ? 'unreadable' : 'short', message: said.join('; ') };
}
