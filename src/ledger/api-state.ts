import type { InstanceTotals } from './instance-totals.ts';
import type { RuleCounts } from './traffic.ts';

/** What the API of one Couic told last. What is now, not what was recorded: no record folds into it. */
interface ApiState {
  /** Undefined before the first collection. */
  readonly up: boolean | undefined;
  /** Rules that Couic counted itself at the last reading; undefined when there was none, or when it did not say. */
  readonly held: RuleCounts | undefined;
  /** The last comparison with its lists came to its end: what the ledger holds is what it found. */
  readonly compared: boolean;
}

const UNKNOWN: ApiState = { up: undefined, held: undefined, compared: false };

/** By instance. */
export class ApiStates extends Map<string, ApiState> {
  change(instance: string, change: Partial<ApiState>): void {
    this.set(instance, { ...(this.get(instance) ?? UNKNOWN), ...change });
  }
}

/**
 * By how many rules the ledger is away from the firewall, as far as anybody knows: those that the last comparison found, or
 * without one the difference of the numbers.
 * @returns undefined when nothing is known.
 */
export function driftOf(api: ApiState | undefined, totals: InstanceTotals | undefined): number | undefined {
  if (!api?.held || api.compared) return totals?.drift ?? undefined;
  const own = totals?.ruleCounts() ?? { drop: 0, ignore: 0 };
  return Math.abs(api.held.drop - own.drop) + Math.abs(api.held.ignore - own.ignore);
}
