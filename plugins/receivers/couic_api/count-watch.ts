import type { RuleCounts } from '../../../src/ledger/traffic.ts';

/**
 * Whether the ledger has another number of rules than Couic itself counts, in two readings in a row: a set was reloaded,
 * peers spoke, Couic was restarted before it saw a packet. Once is no news: a report was on its way.
 */
export class CountWatch {
  #differed = false;

  /** @param counted - by Couic; undefined when it does not say. @param held - by the ledger. */
  differs(counted: RuleCounts | undefined, held: RuleCounts): boolean {
    const before = this.#differed;
    this.#differed = counted !== undefined && (counted.drop !== held.drop || counted.ignore !== held.ignore);
    return before && this.#differed;
  }
}
