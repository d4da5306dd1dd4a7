import type { Clock } from '../clock.ts';
import type { RetryConfig } from '../config/retry.ts';
import type { Sleep } from '../sleep.ts';
import { Backoff } from './backoff.ts';
import type { DeliveryObserver } from './delivery-observer.ts';
import type { Outcome } from './outcome.ts';

export interface SendingQueueOptions {
  /** One attempt. */
  readonly send: (body: Uint8Array, signal: AbortSignal) => Promise<Outcome>;
  readonly retry: RetryConfig;
  /** Bodies that may wait beside the one that is being sent; one more drops the oldest. */
  readonly size: number;
  readonly observer: DeliveryObserver;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/** Sends bodies one at a time, oldest first, each until it arrived, was refused, or its time is over: never out of order. */
export class SendingQueue {
  readonly #options: SendingQueueOptions;
  readonly #waiting: Uint8Array[] = [];
  /** No wait and no further retry. */
  readonly #ending = new AbortController();
  /** Ends requests at once. */
  readonly #cut = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: SendingQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Takes a body, and sends it as soon as it is its turn. */
  offer(body: Uint8Array): void {
    this.#waiting.push(body);
    if (this.#waiting.length > this.#options.size) {
      this.#waiting.shift();
      this.#options.observer.dropped('queue_full', `More than ${this.#options.size} wait: the oldest was dropped`);
    }
    this.#running ??= this.#run();
  }

  /**
   * Tries each body that waits once more, in order, as long as none fails. Safe twice.
   * @param deadline - what is under way ends with it.
   */
  async end(deadline: AbortSignal): Promise<void> {
    const cut = () => this.#cut.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    this.#ending.abort();
    await this.#running;
    deadline.removeEventListener('abort', cut);
    for (const _body of this.#waiting.splice(0)) {
      this.#options.observer.dropped('shutdown', 'Not sent before the end');
    }
  }

  async #run(): Promise<void> {
    // One turn later, so that `#running` is set by then, and who offers is not held up.
    await Promise.resolve();
    for (let body = this.#waiting.shift(); body; body = this.#waiting.shift()) {
      if (!(await this.#deliver(body))) break;
    }
    // In the same turn in which nothing was left: a body that is offered after it starts the next run.
    this.#running = undefined;
  }

  /** @returns whether the next one may be tried. */
  async #deliver(body: Uint8Array): Promise<boolean> {
    const { send, retry, observer, sleep, clock, random } = this.#options;
    const backoff = new Backoff(retry, random);
    const since = clock.monotonic();
    for (;;) {
      if (this.#cut.signal.aborted) {
        observer.dropped('shutdown', 'Not sent before the end');
        return false;
      }
      const outcome = await send(body, this.#cut.signal);
      if (outcome.kind === 'success') {
        observer.sent();
        return true;
      }
      observer.failed(outcome);
      if (outcome.kind === 'failure') {
        observer.dropped(outcome.reason, outcome.message);
        return true;
      }
      if (this.#ending.signal.aborted) {
        observer.dropped('shutdown', outcome.message);
        return false;
      }
      const wait = Math.max(backoff.next(), outcome.retryAfter ?? 0);
      const late = retry.max_elapsed_time > 0 && clock.monotonic() - since + wait > retry.max_elapsed_time;
      if (!retry.enabled || late) {
        observer.dropped(retry.enabled ? 'retry_exhausted' : outcome.reason, outcome.message);
        return true;
      }
      await sleep(wait, this.#ending.signal);
    }
  }
}
