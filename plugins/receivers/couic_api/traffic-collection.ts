import type { Logger } from 'pino';
import type { Clock, Sleep } from '../../../src/clock.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import type { Ledger } from '../../../src/ledger/ledger.ts';
import type { TrafficReading } from '../../../src/ledger/traffic.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { CouicApiClient } from './api-client.ts';
import { ApiError } from './api-error.ts';
import { CountWatch } from './count-watch.ts';

interface TrafficCollectionOptions {
  readonly client: Pick<CouicApiClient, 'metrics'>;
  readonly ledger: Pick<Ledger, 'recordTraffic' | 'setUp' | 'ruleCounts'>;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly sleep: Sleep;
  readonly instance: string;
  readonly token: string;
  /** Milliseconds from the beginning of one collection to that of the next; never two at once. */
  readonly interval: number;
  /** Count what came before the first reading, too. */
  readonly fromStart: boolean;
  /** Couic was restarted, or was away: its rules may be others now. */
  readonly onReturn: () => void;
  /** Couic counts other numbers of rules than the ledger. */
  readonly onDifference: () => void;
}

/** Takes the counters of one Couic into the ledger. A reading that fails loses nothing: the next one has it all. */
export class TrafficCollection {
  readonly #options: TrafficCollectionOptions;
  readonly #state: StateLog;
  readonly #watch = new CountWatch();
  readonly #repeating: Repeating;
  #away = false;

  constructor(options: TrafficCollectionOptions) {
    this.#options = options;
    this.#state = new StateLog(options.logger, options.clock);
    this.#repeating = new Repeating((end) => this.#turn(end), options.sleep);
  }

  start(): void {
    this.#repeating.start();
  }

  /** A reading that is under way ends at once. Safe without `start()`, and twice. */
  stop(): Promise<void> {
    return this.#repeating.stop();
  }

  async #turn(end: AbortSignal): Promise<number> {
    const { clock, interval } = this.#options;
    const began = clock.monotonic();
    await this.#once(end);
    return Math.max(0, began + interval - clock.monotonic());
  }

  async #once(signal: AbortSignal): Promise<void> {
    const { client, ledger, instance, token, fromStart, logger } = this.#options;
    try {
      const reading = await client.metrics(token, signal);
      ledger.setUp(instance, true, reading.rules);
      const { restarted } = await ledger.recordTraffic(instance, reading, { fromStart });
      this.#state.good('The API of Couic answers again');
      if (restarted) logger.info({ instance }, 'Couic was restarted: its counters have begun again');
      this.#compare(reading, restarted);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof ApiError) {
        ledger.setUp(instance, false);
        this.#away = true;
        this.#state.bad(error.failure, `No counters from Couic: ${error.message}`);
      } else {
        this.#state.bad('ledger', `The counters of Couic could not be kept: ${(error as Error).message}`);
      }
    }
  }

  #compare({ rules }: TrafficReading, restarted: boolean): void {
    const { ledger, instance, onReturn, onDifference } = this.#options;
    const differs = this.#watch.differs(rules, ledger.ruleCounts(instance));
    if (restarted || this.#away) onReturn();
    else if (differs) onDifference();
    this.#away = false;
  }
}
