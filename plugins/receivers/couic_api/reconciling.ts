import type { Logger } from 'pino';
import type { Clock } from '../../../src/clock.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { Sleep } from '../../../src/sleep.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { CouicApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';

export interface ReconcilingOptions {
  readonly client: Pick<CouicApiClient, 'rules'>;
  readonly ledger: Pick<Ledger, 'reconcile'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly sleep: Sleep;
  readonly instance: string;
  readonly token: string;
  /** Milliseconds from the end of one reconciliation to the next. */
  readonly interval: number;
}

/** A reconciliation that failed is tried again after this, if the interval is longer. Milliseconds. */
const RETRY = 60_000;

/** Compares the ledger's rules with those of one Couic: at the start, at each interval, and when it was restarted. */
export class Reconciling {
  readonly #options: ReconcilingOptions;
  readonly #state: StateLog;
  readonly #invalid: StateLog;
  #wake = new AbortController();

  constructor(options: ReconcilingOptions) {
    this.#options = options;
    this.#state = new StateLog(options.logger, options.clock);
    this.#invalid = new StateLog(options.logger, options.clock);
  }

  /** The next reconciliation begins at once, or as soon as the one under way has ended. */
  soon(): void {
    this.#wake.abort();
  }

  /** Until the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { interval, sleep } = this.#options;
    while (!signal.aborted) {
      this.#wake = new AbortController();
      const done = await this.#once(signal);
      await sleep(done ? interval : Math.min(interval, RETRY), AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  async #once(signal: AbortSignal): Promise<boolean> {
    const { client, ledger, logger, instance, token } = this.#options;
    try {
      const list = (policy: 'drop' | 'ignore') => client.rules(policy, token, signal);
      const { listed, added, removed, invalid } = await ledger.reconcile(instance, list, signal);
      this.#state.good('The rules of Couic are reconciled again');
      if (invalid > 0)
        this.#invalid.bad('invalid', `${invalid} rules that Couic lists are not valid and were left out`);
      else this.#invalid.good('All rules that Couic lists are valid again');
      const drifted = added + removed > 0;
      logger[drifted ? 'info' : 'debug'](
        { instance, listed, added, removed },
        `Reconciled with Couic: of ${listed} rules, ${added} came in and ${removed} went that no report had told of`,
      );
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      const failure = error instanceof ApiError ? error.failure : (error as Error).name;
      this.#state.bad(failure, `The rules of Couic could not be reconciled: ${(error as Error).message}`);
      return false;
    }
  }
}
