import type { Logger } from 'pino';
import { formatDuration } from '../config/duration.ts';
import type { Topic } from '../log/log.ts';
import type { LedgerState } from './ledger-state.ts';
import { encodeForget } from './records.ts';
import { Ticking } from './ticking.ts';
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
  readonly #ticking = new Ticking(() => this.#run());

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
    if (this.#ticking.isStarted) this.start();
  }

  /** Before series end that somebody else ends. */
  async announce(): Promise<void> {
    for (const listener of this.#listeners) await listener();
  }

  start(): void {
    this.#ticking.start(Math.min(Math.max(this.#after / 4, 1000), HOUR_MS));
  }

  stop(): Promise<void> {
    return this.#ticking.stop();
  }

  run(): Promise<void> {
    return this.#ticking.run();
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
