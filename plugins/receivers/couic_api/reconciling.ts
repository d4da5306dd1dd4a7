import type { Logger } from 'pino';
import type { Clock, Sleep } from '../../../src/clock.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { Reconciliation } from '../../../src/ledger/reconciler.ts';
import type { RuleCounts } from '../../../src/ledger/traffic.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { CouicApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { incompleteness } from './incompleteness.ts';

interface ReconcilingOptions {
  readonly client: Pick<CouicApiClient, 'rules' | 'metrics'>;
  readonly ledger: Pick<Ledger, 'reconcile'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly sleep: Sleep;
  readonly instance: string;
  /** Of a client that may list rules. */
  readonly token: string;
  /** Of one that may read how many there are. */
  readonly countsToken: string;
  /** Milliseconds from the end of one reconciliation to the next. */
  readonly interval: number;
}

/** A reconciliation that failed, or whose lists were short, is tried again after this, if the interval is longer. Milliseconds. */
const RETRY = 60_000;
/** Numbers that differ though rules do not are reports on their way: after this they are looked into again, then after twice as long. */
const PATIENCE = 30_000;

/**
 * Compares the ledger's rules with those of one Couic: at the start, at each interval, and at once when Couic was
 * restarted, when it answers again, and when it counts other numbers of them.
 */
export class Reconciling {
  /** What the last one came to, with the lists alone that were short twice; undefined before the first, and after one that failed. */
  last: Reconciliation | undefined;
  readonly #options: ReconcilingOptions;
  readonly #state: StateLog;
  readonly #incomplete: StateLog;
  readonly #repeating: Repeating;
  #underWay = false;
  /** Of the last one. Once is no news: rules go before a list is made, and others come before they are counted again. */
  #short: ReadonlySet<string> = new Set();
  /** The next one was asked for by numbers that differ. */
  #suspected = false;
  /** Milliseconds for which numbers may differ after a comparison; grows while comparisons for that reason find nothing. */
  #patience = 0;
  #ended = Number.NEGATIVE_INFINITY;

  constructor(options: ReconcilingOptions) {
    this.#options = options;
    this.#state = new StateLog(options.logger, options.clock);
    this.#incomplete = new StateLog(options.logger, options.clock);
    this.#repeating = new Repeating((end) => this.#turn(end), options.sleep);
  }

  start(): void {
    this.#repeating.start();
  }

  /** A reconciliation that is under way ends at once. Safe without `start()`, and twice. */
  stop(): Promise<void> {
    return this.#repeating.stop();
  }

  /** The next reconciliation begins at once, or as soon as the one under way has ended. */
  soon(): void {
    this.#repeating.wake();
  }

  /**
   * Couic counts other numbers of rules than the ledger: the next one begins at once, unless one is under way, which may
   * be about to put it right, or that was in vain just now.
   */
  onDifference(): void {
    if (this.#underWay) return;
    if (this.#options.clock.monotonic() - this.#ended < this.#patience) return;
    this.#suspected = true;
    this.soon();
  }

  async #turn(end: AbortSignal): Promise<number> {
    const { interval, clock } = this.#options;
    const suspected = this.#suspected;
    this.#suspected = false;
    this.#underWay = true;
    this.last = await this.#once(end);
    this.#underWay = false;
    this.#ended = clock.monotonic();
    if (this.last && this.last.added + this.last.removed > 0) this.#patience = 0;
    else if (suspected) this.#patience = Math.min(Math.max(2 * this.#patience, PATIENCE), interval);
    return this.last && this.#short.size === 0 ? interval : Math.min(interval, RETRY);
  }

  async #once(signal: AbortSignal): Promise<Reconciliation | undefined> {
    const { client, ledger, logger, instance, token } = this.#options;
    try {
      const list = (policy: 'drop' | 'ignore') => client.rules(policy, token, signal);
      const done = this.#confirmed(
        await ledger.reconcile(instance, list, { signal, counts: () => this.#counts(signal) }),
      );
      this.#state.good('The rules of Couic are reconciled again');
      const problem = incompleteness(done);
      if (problem) this.#incomplete.bad(problem.reason, problem.message);
      else this.#incomplete.good('The lists of Couic are whole again');
      const { listed, added, removed } = done;
      logger[added + removed > 0 ? 'info' : 'debug'](
        { instance, listed, added, removed },
        `Reconciled with Couic: of ${counted(listed, 'rules')}, ${added} came in and ${removed} went that no report had told of`,
      );
      return done;
    } catch (error) {
      if (signal.aborted) return undefined;
      const failure = error instanceof ApiError ? error.failure : (error as Error).name;
      this.#state.bad(failure, `The rules of Couic could not be reconciled: ${(error as Error).message}`);
      return undefined;
    }
  }

  #confirmed(done: Reconciliation): Reconciliation {
    const short = done.short.filter(({ policy }) => this.#short.has(policy));
    this.#short = new Set(done.short.map(({ policy }) => policy));
    return { ...done, short };
  }

  /** A Couic that does not tell its numbers is a matter of the traffic's log. */
  async #counts(signal: AbortSignal): Promise<RuleCounts | undefined> {
    const { client, countsToken } = this.#options;
    try {
      return (await client.metrics(countsToken, signal)).rules;
    } catch (error) {
      if (error instanceof ApiError) return undefined;
      throw error;
    }
  }
}
