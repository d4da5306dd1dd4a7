import type { Clock, Sleep } from '../../../src/clock.ts';
import { Backoff } from '../../../src/delivery/backoff.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { Outcome } from './lapi-answer.ts';
import type { Log } from './log.ts';

/**
 * `cscli bouncers prune` deletes a bouncer that did not pull for an hour, and `-d 45m` is the example in its help: this
 * is often enough for both, whatever the interval, with half an hour to spare for a LAPI that is away.
 */
const MOST = 900_000;
/** After a failure it comes again within a minute: who waits longer may come back to a LAPI that has pruned it. */
const RETRY = { initial_interval: 5000, multiplier: 2, max_interval: 50_000, randomization_factor: 0.2 };

interface HeartbeatOptions {
  readonly pull: (signal: AbortSignal) => Promise<Outcome>;
  /** Milliseconds between windows. */
  readonly interval: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly log: Log;
}

/** Keeps "last API pull" fresh, which usage metrics do not. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #state: StateLog;
  readonly #backoff: Backoff;
  readonly #repeating: Repeating;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#state = new StateLog(options.log, options.clock);
    this.#backoff = new Backoff(RETRY, options.random);
    this.#repeating = new Repeating((end) => this.#beat(end), options.sleep);
  }

  /** What the last attempt failed with; null when it did not. */
  get trouble(): string | null {
    return this.#state.problem;
  }

  start(): void {
    this.#repeating.start();
  }

  stop(): Promise<void> {
    return this.#repeating.stop();
  }

  async #beat(end: AbortSignal): Promise<number> {
    const most = Math.min(this.#options.interval, MOST);
    const outcome = await this.#options.pull(end);
    if (end.aborted) return most;
    if (outcome.kind === 'success') {
      this.#state.good('The heartbeat reaches LAPI again');
      this.#backoff.reset();
      return most;
    }
    const reason = outcome.kind === 'retryable' ? outcome.reason : `status_${outcome.status}`;
    this.#state.bad(reason, `The heartbeat failed, and is tried again within a minute: ${outcome.message}`);
    return Math.min(this.#backoff.next(), most);
  }
}
