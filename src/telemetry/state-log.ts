import type { Clock } from '../clock.ts';

type Log = Readonly<Record<'debug' | 'info' | 'warn', (fields: object, message: string) => void>>;

const REMINDER = 3_600_000;

/** Logs a change of state once, and reminds every hour while it is bad; repeats go to debug. */
export class StateLog {
  readonly #log: Log;
  readonly #clock: Pick<Clock, 'monotonic'>;
  #bad: { reason: string; since: number; message: string } | undefined;

  /** @param log - pino's, or one like it. */
  constructor(log: Log, clock: Pick<Clock, 'monotonic'>) {
    this.#log = log;
    this.#clock = clock;
  }

  /** What is bad, in the words of the last who said so; null when nothing is. */
  get problem(): string | null {
    return this.#bad?.message ?? null;
  }

  bad(reason: string, message: string): void {
    const now = this.#clock.monotonic();
    if (this.#bad?.reason === reason && now - this.#bad.since < REMINDER) {
      this.#bad.message = message;
      this.#log.debug({ reason }, message);
      return;
    }
    this.#bad = { reason, since: now, message };
    this.#log.warn({ reason }, message);
  }

  /** Logs only when it was bad before. */
  good(message: string): void {
    if (!this.#bad) return;
    this.#bad = undefined;
    this.#log.info({}, message);
  }
}
