import { ApiStates } from './api-state.ts';
import { type AttributeLimits, DEFAULT_LIMITS } from './attribute-limits.ts';
import { InstanceTotals } from './instance-totals.ts';
import type { HashKey } from './rules/keyed-hash.ts';
import { Rules } from './rules/rules.ts';

/** What records may go back by and nobody minds: daily life with NTP. */
export const SMALL_STEP_MS = 60_000;

/** The state that the ledger's records fold into. Read by the producer and the intake, changed only by fold.ts. */
export class LedgerState {
  /** The ledger's own time, ms since the epoch: the latest clock of any record since the host's clock last went back. */
  clock = 0;
  /** When the ledger began, ms since the epoch; 0 while it is new. */
  createdAt = 0;
  #limits = DEFAULT_LIMITS;
  #tellsExpired = false;
  readonly instances: InstanceTotals[] = [];
  readonly #byName = new Map<string, InstanceTotals>();
  readonly rules: Rules;
  readonly api = new ApiStates();

  /** @param key - of the table of rules: a secret of this process, which the records know nothing of. */
  constructor(key: HashKey) {
    this.rules = new Rules(key);
  }

  /**
   * Goes on to a record's time; or back to it, when the host's clock turned out to have been ahead. What was written down
   * meanwhile then claims to be of the future, and would for as long as the clock had been ahead: so it is said anew.
   */
  goTo(clock: number): void {
    if (clock > this.clock - SMALL_STEP_MS) {
      this.clock = Math.max(this.clock, clock);
      return;
    }
    this.clock = clock;
    this.createdAt = Math.min(this.createdAt, clock);
    // They are kept for a minute; one that overtook its add in the very moment in which the clock was set is not worth more.
    this.rules.forgetBuried(Number.MAX_SAFE_INTEGER);
    for (const instance of this.instances) instance.goBackTo(clock);
  }

  /** Whether instances keep the rules whose time was over until they are told. */
  get tellsExpired(): boolean {
    return this.#tellsExpired;
  }

  set tellsExpired(tells: boolean) {
    this.#tellsExpired = tells;
    for (const instance of this.instances) instance.tellsExpired = tells;
  }

  get limits(): AttributeLimits {
    return this.#limits;
  }

  set limits(limits: AttributeLimits) {
    this.#limits = limits;
    for (const instance of this.instances) instance.limits = limits;
  }

  find(instance: string): InstanceTotals | undefined {
    return this.#byName.get(instance);
  }

  instance(name: string): InstanceTotals {
    let totals = this.#byName.get(name);
    if (totals === undefined) {
      totals = new InstanceTotals(this.instances.length, name, this.#limits);
      totals.tellsExpired = this.#tellsExpired;
      this.instances.push(totals);
      this.#byName.set(name, totals);
    }
    return totals;
  }
}
