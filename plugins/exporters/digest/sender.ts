import type { Logger } from 'pino';
import type { Clock, Sleep } from '../../../src/clock.ts';
import type { RetryConfig } from '../../../src/config/retry.ts';
import { Backoff } from '../../../src/delivery/backoff.ts';
import { type Next, Repeating } from '../../../src/delivery/repeating.ts';
import { TroubleLog } from '../../../src/delivery/trouble-log.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import type { Topic } from '../../../src/log/log.ts';
import type { Digest } from './digest.ts';
import type { DigestState } from './digest-state.ts';
import type { Notifier } from './notifier.ts';
import { decisionOf, type Fate } from './records.ts';
import type { DigestTelemetry } from './telemetry.ts';

/** After which it is looked again whether this bridge may send, ms. */
const LOOK_AGAIN = 5000;
/** Digests that wait for one notifier. */
const MOST_WAITING = 100;

interface SenderOptions {
  readonly notifier: Notifier;
  readonly state: DigestState;
  readonly topic: Topic;
  readonly retry: RetryConfig;
  /** Whether this one of several bridges may send now: another may be at it. */
  readonly acts: () => boolean;
  readonly telemetry: DigestTelemetry;
  readonly logger: Logger;
  /** What is believed. */
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly sleep: Sleep;
  readonly random: () => number;
}

/**
 * Tells one notifier what waits for it: oldest first, one at a time, until it was taken, refused, or its time is over. That it
 * was taken is written down before the next: what was answered and not written down, in a crash, is sent again.
 */
export class Sender {
  readonly #options: SenderOptions;
  readonly #backoff: Backoff;
  readonly #trouble: TroubleLog;
  readonly #repeating: Repeating;
  /** Ends requests at once. */
  readonly #cut = new AbortController();
  /** The other side has it, and the log does not know yet. */
  #taken: string | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    const { notifier, logger, clock, retry, random, sleep } = options;
    this.#backoff = new Backoff(retry, random);
    this.#trouble = new TroubleLog({ what: `Digests for ${notifier.id}`, logger, clock });
    this.#repeating = new Repeating((end) => this.#turn(end), sleep);
  }

  /** What the last attempt failed with; null when it did not. */
  get trouble(): string | null {
    return this.#trouble.now?.message ?? null;
  }

  /** Ms since the epoch; null for never, as far as is known. */
  get lastSuccess(): number | null {
    return this.#trouble.lastSuccess;
  }

  start(): void {
    this.#repeating.start();
  }

  /** There may be something to tell. */
  wake(): void {
    this.#repeating.wake();
  }

  /** What is under way is waited for. @param deadline - ends it. Safe without `start()`, and twice. */
  async stop(deadline: AbortSignal): Promise<void> {
    const cut = () => this.#cut.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    await this.#repeating.stop();
    deadline.removeEventListener('abort', cut);
  }

  async #turn(end: AbortSignal): Promise<Next> {
    const { state, notifier, logger, acts } = this.#options;
    if (!acts()) return LOOK_AGAIN;
    try {
      await this.#dropSurplus();
      for (const digest of state.waitingFor(notifier.id)) {
        if (end.aborted) return undefined;
        if (!acts()) return LOOK_AGAIN;
        const wait = await this.#deliver(digest);
        if (wait !== undefined) return { atLeast: wait };
      }
      return undefined;
    } catch (error) {
      // What was taken is not sent again, but by another process.
      this.#trouble.failed('storage', `what became of a digest cannot be written down: ${(error as Error).message}`);
      logger.debug({ err: error }, 'A digest could not be concluded');
      return { atLeast: this.#backoff.next() };
    }
  }

  /** @returns milliseconds to wait before it is tried again; undefined when it is over. */
  async #deliver(digest: Digest): Promise<number | undefined> {
    const { notifier, telemetry, clock, retry, logger } = this.#options;
    if (this.#taken !== digest.id) {
      const outcome = await notifier.send(digest, this.#cut.signal);
      if (outcome.kind === 'failure') {
        logger.error(`${notifier.id} will never take a digest, it is dropped: ${outcome.message}`);
        return this.#conclude(digest, 'refused');
      }
      if (outcome.kind === 'retryable') {
        if (this.#cut.signal.aborted) return 0;
        telemetry.failed(notifier.id, outcome.reason);
        this.#trouble.failed(outcome.reason, outcome.message);
        const wait = this.#backoff.after(outcome);
        const isOver = retry.max_elapsed_time > 0 && clock.now() - digest.to + wait > retry.max_elapsed_time;
        if (retry.enabled && !isOver) return wait;
        logger.warn(`A digest was given up: ${outcome.message}`);
        this.#trouble.dropped(1);
        return this.#conclude(digest, 'expired');
      }
      this.#backoff.reset();
      this.#taken = digest.id;
    }
    await this.#conclude(digest, 'sent');
    this.#trouble.ended('digests');
    return undefined;
  }

  async #dropSurplus(): Promise<void> {
    const { state, notifier, logger } = this.#options;
    for (const digest of state.waitingFor(notifier.id).slice(0, -MOST_WAITING)) {
      logger.warn(`A digest for ${notifier.id} is dropped: more than ${MOST_WAITING} wait`);
      this.#trouble.dropped(1);
      await this.#conclude(digest, 'too_many');
    }
  }

  /** @throws StorageError */
  async #conclude({ id }: Digest, fate: Fate): Promise<undefined> {
    const { topic, state, notifier, telemetry } = this.#options;
    const isWaiting = () => state.waitingFor(notifier.id).some((digest) => digest.id === id);
    const record = decisionOf({ type: 'done', id, notifier: notifier.id, fate });
    const position = await appendDecided(topic, () => (isWaiting() ? record : undefined));
    if (position !== undefined) telemetry.done(notifier.id, fate);
  }
}
