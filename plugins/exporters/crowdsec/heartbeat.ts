import type { Clock } from '../../../src/clock.ts';
import type { Sleep } from '../../../src/sleep.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { Outcome } from './lapi-answer.ts';
import type { Log } from './log.ts';

/** `cscli bouncers prune` deletes a bouncer that did not pull for an hour; this is often enough, whatever the interval. */
const MOST = 1_800_000;

export interface HeartbeatOptions {
  readonly pull: (signal: AbortSignal) => Promise<Outcome>;
  /** Milliseconds between windows. */
  readonly interval: number;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
}

/** Keeps "last API pull" fresh, which usage metrics do not. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #end = new AbortController();
  readonly #state: StateLog;
  #done: Promise<void> | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#state = new StateLog(options.log, options.clock);
  }

  start(): void {
    this.#done ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { pull, interval, sleep } = this.#options;
    const { signal } = this.#end;
    while (!signal.aborted) {
      const outcome = await pull(signal);
      if (signal.aborted) return;
      if (outcome.kind === 'success') this.#state.good('The heartbeat reaches LAPI again');
      else {
        const reason = outcome.kind === 'retryable' ? outcome.reason : `status_${outcome.status}`;
        this.#state.bad(reason, `The heartbeat failed: ${outcome.message}`);
      }
      await sleep(Math.min(interval, MOST), signal);
    }
  }
}
