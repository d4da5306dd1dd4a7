import type { HashKey } from '../rules/keyed-hash.ts';
import { Rules } from '../rules/rules.ts';
import { NO_KIND, UNTAGGED } from '../telemetry/names.ts';
import { CappedNames } from './capped-names.ts';
import { InstanceTotals } from './instance-totals.ts';

/** Names that are always there: number 1 in their list. */
export const UNTAGGED_NUMBER = 1;
export const NO_KIND_NUMBER = 1;

/** The state that the ledger's records fold into. Read by the producer and the intake, changed only by fold.ts. */
export class LedgerState {
  /** The latest clock of any record, ms since the epoch: the ledger's own time, which never goes back. */
  clock = 0;
  /** When the ledger began, ms since the epoch: the start time of every total. 0 while it is new. */
  createdAt = 0;
  readonly tags = new CappedNames(500, [UNTAGGED]);
  readonly kinds = new CappedNames(20, [NO_KIND]);
  readonly instances: InstanceTotals[] = [];
  readonly #byName = new Map<string, InstanceTotals>();
  readonly rules: Rules;
  /** By instance, whether its API answered last. What is now, not what was recorded: no record folds into it. */
  readonly up = new Map<string, boolean>();

  /** @param key - of the table of rules: a secret of this process, which the records know nothing of. */
  constructor(key: HashKey) {
    this.rules = new Rules(key);
  }

  find(instance: string): InstanceTotals | undefined {
    return this.#byName.get(instance);
  }

  instance(name: string): InstanceTotals {
    let totals = this.#byName.get(name);
    if (totals === undefined) {
      totals = new InstanceTotals(this.instances.length, name);
      this.instances.push(totals);
      this.#byName.set(name, totals);
    }
    return totals;
  }
}
