import type { Logger } from 'pino';
import { formatDuration } from '../config/duration.ts';
import type { Topic } from '../log/log.ts';
import type { LedgerState } from './ledger-state.ts';
import { encodeForget } from './records.ts';
import type { TrustedClock } from './trusted-clock.ts';

const HOUR_MS = 3_600_000;

interface ForgettingOptions {
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  readonly logger: Logger;
  /** Milliseconds without a word after which a name is forgotten. */
  readonly after: number;
  readonly topic: Topic;
}

/**
 * Gives back the places of tags and kinds that were not heard of for long: looked for now and then, and written into the
 * log, so that a replay forgets the same ones at the same point.
 */
export class Forgetting {
  readonly #options: ForgettingOptions;
  readonly #listeners = new Set<() => Promise<void>>();
  #after: number;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;

  constructor(options: ForgettingOptions) {
    this.#options = options;
    this.#after = options.after;
  }

  /**
   * Called before series end, and waited for: whoever tells differences takes the last of them now. Nothing is forgotten
   * when it rejects; it is called again the next time.
   * @returns ends it.
   */
  before(listener: () => Promise<void>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param milliseconds - without a word after which a name is forgotten, from now on. */
  set after(milliseconds: number) {
    this.#after = milliseconds;
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    this.start();
  }

  /** Before series end that somebody else ends. */
  async announce(): Promise<void> {
    for (const listener of this.#listeners) await listener();
  }

  start(): void {
    const after = this.#after;
    this.#timer = setInterval(() => void this.run(), Math.min(Math.max(after / 4, 1000), HOUR_MS));
    this.#timer.unref();
  }

  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#running;
  }

  run(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { state, clock, logger, topic } = this.#options;
    const after = this.#after;
    const now = clock.now();
    const expect = topic.last;
    const before = now - after;
    const idle = state.instances.filter((instance) => instance.hasIdle(before));
    if (idle.length === 0) return;
    try {
      await this.announce();
      const used = idle.map(({ tags, kinds }) => [tags.used, kinds.used] as const);
      await topic.append(encodeForget({ clock: now, before }), { expect });
      for (const [i, { name, tags, kinds }] of idle.entries()) {
        logger.info(
          { instance: name, tags: used[i]![0] - tags.used, kinds: used[i]![1] - kinds.used },
          `Gave back the places of tags and kinds that were not heard of for ${formatDuration(after)}; their series end, their counts stay in the sum`,
        );
      }
    } catch (error) {
      logger.warn(
        { err: error },
        'Tags and kinds that were not heard of for long could not be forgotten; trying again later',
      );
    }
  }
}
