import type { Clock } from '../clock.ts';

type Log = Readonly<Record<'debug' | 'info' | 'warn', (fields: object, message: string) => void>>;

const REMINDER = 3_600_000;

/** Logs a change of state once, and reminds every hour while it is bad; repeats go to debug. */
export class StateLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #bad: { reason: string; since: number } | undefined;

  /** @param log - pino's, or one like it. */
  constructor(log: Log, clock: Pick<Clock, 'monotonic'>) {
    this.#log = log;
    this.#clock = clock;
  }

  bad(reason: string, message: string): void {
    const now = this.#clock.monotonic();
    if (this.#bad?.reason === reason && now - this.#bad.since < REMINDER) {
      this.#log.debug({ reason }, message);
      return;
    }
    this.#bad = { reason, since: now };
    this.#log.warn({ reason }, message);
  }

  /** Logs only when it was bad before. */
  good(message: string): void {
    if (!this.#bad) return;
    this.#bad = undefined;
    this.#log.info({}, message);
  }
}
