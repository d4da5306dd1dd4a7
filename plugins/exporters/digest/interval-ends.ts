import type { Logger } from 'pino';
import type { Clock, Sleep } from '../../../src/clock.ts';
import { Repeating } from '../../../src/delivery/repeating.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import type { Reader, Topic } from '../../../src/log/log.ts';
import type { DigestState } from './digest-state.ts';
import { decisionOf, type EndRecord } from './records.ts';

/** After an end that could not be written, ms. */
const SOON = 5000;

interface IntervalEndsOptions {
  readonly topic: Topic;
  readonly state: DigestState;
  readonly reader: Pick<Reader, 'position'>;
  /** Milliseconds. */
  readonly interval: number;
  /** What is believed. */
  readonly clock: Pick<Clock, 'now'>;
  readonly sleep: Sleep;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Writes into the log where each interval ends. A restart begins none anew: one that ended meanwhile ends at once. */
export class IntervalEnds {
  readonly #options: IntervalEndsOptions;
  readonly #repeating: Repeating;

  constructor(options: IntervalEndsOptions) {
    this.#options = options;
    this.#repeating = new Repeating(() => this.#turn(), options.sleep);
  }

  /** Before anything that is reported now is taken. Never rejects. */
  async start(): Promise<void> {
    const { state, reader } = this.#options;
    const known = Math.max(state.end?.position ?? 0, state.closed, state.gap);
    // What was added meanwhile went past a reader that was not there: it would be told of an interval that nobody counted.
    if (state.end === null || reader.position > known) await this.#write(() => this.#beginning());
    this.#repeating.start(await this.#turn());
  }

  /** Safe without `start()`, and twice. */
  stop(): Promise<void> {
    return this.#repeating.stop();
  }

  /** @returns milliseconds until the next end. */
  async #turn(): Promise<number> {
    if (!(await this.#write(() => this.#due()))) return SOON;
    const { state, interval, clock } = this.#options;
    const next = (state.end?.to ?? clock.now()) + interval;
    return Math.min(Math.max(next - clock.now(), 0), interval);
  }

  #beginning(): EndRecord {
    return { type: 'end', from: null, to: this.#options.clock.now() };
  }

  #due(): EndRecord | undefined {
    const { state, interval, clock } = this.#options;
    if (state.end === null) return this.#beginning();
    const { to: from } = state.end;
    const now = clock.now();
    // Ended in what is now the future: the clock had been ahead, and nobody knows how long ago it was.
    if (now < from) return { type: 'end', from: now, to: now };
    const passed = Math.floor((now - from) / interval);
    return passed > 0 ? { type: 'end', from, to: from + passed * interval } : undefined;
  }

  /** @returns whether there was nothing to write, or it is written. */
  async #write(decide: () => EndRecord | undefined): Promise<boolean> {
    const { topic, logger } = this.#options;
    try {
      await appendDecided(topic, () => {
        const record = decide();
        return record && decisionOf(record);
      });
      return true;
    } catch (error) {
      logger.warn({ err: error }, 'The end of an interval could not be written down; trying again');
      return false;
    }
  }
}
