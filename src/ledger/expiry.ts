import type { Logger } from 'pino';
import type { BridgeEvents } from '../events/bridge-events.ts';
import { appendDecided } from '../log/decide.ts';
import type { Topic } from '../log/log.ts';
import { type LedgerState, SMALL_STEP_MS } from './ledger-state.ts';
import { encodeClock, encodeExpired, encodeExpiredRules } from './records.ts';
import { Ticking } from './ticking.ts';
import type { TrustedClock } from './trusted-clock.ts';

const TICK_MS = 1000;
/** Rules of each family that leave in one record: a millisecond or two of work, then others have their turn. */
const MAX_PER_RECORD = 1024;
/** Of one Couic in one record, and so many Couic: with their tags, well under what an entry of the log takes. */
const MAX_TOLD = 256;
const MAX_PARTS = 16;
/** After this long without a record the time is written down; well under what a start takes for long. */
const QUIET_MS = 6 * 3_600_000;

interface ExpiryOptions {
  readonly state: LedgerState;
  readonly clock: TrustedClock;
  readonly topic: Topic;
  readonly events: BridgeEvents;
  readonly logger: Logger;
}

/** Couic reports no expiry, so rules leave by the clock, looked at every second and written into the log. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #state: LedgerState;
  readonly #clock: TrustedClock;
  readonly #topic: Topic;
  readonly #logger: Logger;
  readonly #ticking = new Ticking(() => this.#expire());
  #held = false;

  constructor(options: ExpiryOptions) {
    const { state, clock, topic, logger } = options;
    this.#options = options;
    this.#state = state;
    this.#clock = clock;
    this.#topic = topic;
    this.#logger = logger;
  }

  /** Expires what ended while the bridge was down, then goes on by a timer. */
  async start(): Promise<void> {
    await this.run();
    this.#ticking.start(TICK_MS);
  }

  stop(): Promise<void> {
    return this.#ticking.stop();
  }

  /** Expires everything that is over now. A failed commit is left to the next tick. */
  run(): Promise<void> {
    return this.#ticking.run();
  }

  async #expire(): Promise<void> {
    const clock = this.#clock.now();
    this.#sayWhetherHeld();
    const { rules } = this.#state;
    if (!(await this.#keepTime(clock))) return;
    while (rules.nextEnd * 1000 <= clock) {
      const before = rules.ending;
      try {
        await appendDecided(this.#topic, () =>
          rules.nextEnd * 1000 <= clock ? { record: encodeExpired({ clock, max: MAX_PER_RECORD }) } : undefined,
        );
      } catch (error) {
        this.#logger.warn({ err: error }, 'Rules whose time is over could not be taken out; trying again in a second');
        return;
      }
      const expired = before - rules.ending;
      if (expired > 0) this.#options.events.emit('expired', { rules: expired });
    }
    await this.#tell();
  }

  /**
   * Names the rules whose time was over, for whoever reads events. After they have left: only then is it known which did,
   * since a report may have been first, or the next add of the same network.
   */
  async #tell(): Promise<void> {
    const { instances } = this.#state;
    try {
      while (instances.some(({ untold }) => untold.count > 0)) {
        await appendDecided(this.#topic, () => {
          const parts = instances
            .filter(({ untold }) => untold.count > 0)
            .map(({ name, untold }) => ({ instance: name, words: untold.first(MAX_TOLD), tags: untold.tags }));
          const clock = this.#clock.now();
          return parts.length > 0
            ? { record: encodeExpiredRules({ clock, parts: parts.slice(0, MAX_PARTS) }) }
            : undefined;
        });
      }
    } catch (error) {
      this.#logger.warn(
        { err: error },
        'Events of rules whose time is over could not be written; trying again in a second',
      );
    }
  }

  /**
   * Writes the time down where nothing else does: when the clock went back, so that what was written by one that was ahead
   * does not claim to be of the future until the next report; and now and then while Couic is quiet, so that a start
   * finds a recent time to compare its clock with. @returns whether the ledger knows the time.
   */
  async #keepTime(clock: number): Promise<boolean> {
    const since = clock - this.#state.clock;
    if (since > -SMALL_STEP_MS && since < QUIET_MS) return true;
    try {
      await this.#topic.append(encodeClock(clock), { expect: this.#topic.last });
    } catch (error) {
      this.#logger.warn({ err: error }, 'The time could not be written down; trying again in a second');
      return false;
    }
    if (since < 0) {
      this.#logger.warn(
        `The host's clock is ${Math.round(-since / 1000)} s behind the newest record: it is followed, and what was recorded in between counts as of now`,
      );
    }
    return true;
  }

  #sayWhetherHeld(): void {
    const ahead = this.#clock.heldBack;
    if (ahead > 0 && !this.#held) {
      this.#logger.warn(
        `The host's clock is ${Math.round(ahead / 1000)} s ahead of what was expected: no rule ends and nothing that waits is dropped by it until a report, Couic's API or a server that the bridge sends to has the same time, or it has stood for ten minutes`,
      );
    } else if (ahead === 0 && this.#held) {
      this.#logger.info(`The host's clock is believed: ${this.#clock.believedFor}`);
    }
    this.#held = ahead > 0;
  }
}
