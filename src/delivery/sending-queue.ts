import type { Clock, Sleep } from '../clock.ts';
import type { RetryConfig } from '../config/retry.ts';
import { Backoff } from './backoff.ts';
import type { DeliveryObserver } from './delivery-observer.ts';
import type { Outcome } from './outcome.ts';
import { type Next, Repeating } from './repeating.ts';

interface SendingQueueOptions {
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

/** A body with what its attempts have come to. */
interface Delivery {
  readonly body: Uint8Array;
  readonly backoff: Backoff;
  readonly since: number;
}

/** Sends bodies one at a time, oldest first, each until it arrived, was refused, or its time is over: never out of order. */
export class SendingQueue {
  readonly #options: SendingQueueOptions;
  readonly #waiting: Uint8Array[] = [];
  readonly #repeating: Repeating;
  #current: Delivery | undefined;
  /** No further attempt after one that fails. */
  #ending = false;
  /** Ends requests at once. */
  readonly #cut = new AbortController();

  constructor(options: SendingQueueOptions) {
    this.#options = options;
    this.#repeating = new Repeating(() => this.#attempt(), options.sleep);
  }

  get size(): number {
    return this.#waiting.length;
  }

  /** Since when the one that is being sent is, by the monotonic clock; undefined when none is. */
  get since(): number | undefined {
    return this.#current?.since;
  }

  /** Takes a body, and sends it as soon as it is its turn. */
  offer(body: Uint8Array): void {
    this.#waiting.push(body);
    if (this.#waiting.length > this.#options.size) {
      this.#waiting.shift();
      this.#options.observer.dropped('queue_full', `More than ${this.#options.size} wait: the oldest was dropped`);
    }
    this.#repeating.start();
    this.#repeating.wake();
  }

  /**
   * Tries each body that waits once more, in order, as long as none fails. Safe twice.
   * @param deadline - what is under way ends with it.
   */
  async end(deadline: AbortSignal): Promise<void> {
    const cut = () => this.#cut.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    this.#ending = true;
    await this.#repeating.stop();
    while (!this.#cut.signal.aborted && (await this.#attempt()) !== undefined) {}
    deadline.removeEventListener('abort', cut);
    const rest = this.#waiting.splice(0).length + (this.#current ? 1 : 0);
    this.#current = undefined;
    for (let dropped = 0; dropped < rest; dropped++)
      this.#options.observer.dropped('shutdown', 'Not sent before the end');
  }

  /** One attempt of the oldest body. @returns undefined when there is none to make. */
  async #attempt(): Promise<Next> {
    const { send, observer, clock, retry, random } = this.#options;
    if (!this.#current) {
      const body = this.#waiting.shift();
      if (!body) return undefined;
      this.#current = { body, backoff: new Backoff(retry, random), since: clock.monotonic() };
    }
    const outcome = await send(this.#current.body, this.#cut.signal);
    if (outcome.kind === 'success') observer.sent();
    else {
      observer.failed(outcome);
      if (outcome.kind === 'retryable') return this.#again(this.#current, outcome);
      observer.dropped(outcome.reason, outcome.message);
    }
    this.#current = undefined;
    return 0;
  }

  #again({ backoff, since }: Delivery, outcome: Extract<Outcome, { kind: 'retryable' }>): Next {
    const { retry, observer, clock } = this.#options;
    if (this.#ending) {
      // What is under way now is dropped here with its reason, the rest by `end`.
      this.#current = undefined;
      this.#cut.abort();
      observer.dropped('shutdown', outcome.message);
      return undefined;
    }
    const wait = backoff.after(outcome);
    const late = retry.max_elapsed_time > 0 && clock.monotonic() - since + wait > retry.max_elapsed_time;
    if (retry.enabled && !late) return { atLeast: wait };
    this.#current = undefined;
    observer.dropped(retry.enabled ? 'retry_exhausted' : outcome.reason, outcome.message);
    return 0;
  }
}
