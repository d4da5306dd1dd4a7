import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { counted } from '../telemetry/counted.ts';

/** A reminder while it goes on failing, in ms. */
const REMINDER = 3_600_000;

interface TroubleLogOptions {
  /** What is delivered, as a line begins with it: `Metrics`. */
  readonly what: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** Tells when delivery begins and when it stops to fail: not of each attempt. */
export class TroubleLog {
  readonly #options: TroubleLogOptions;
  #trouble: { reason: string; message: string; said: number; since: number; dropped: number } | undefined;

  #lastSuccess: number | null = null;

  constructor(options: TroubleLogOptions) {
    this.#options = options;
  }

  /** What the last attempt came to; undefined when it was taken. */
  get now(): { readonly reason: string; readonly message: string; readonly since: number } | undefined {
    return this.#trouble;
  }

  /** When something was taken last, ms since the epoch; null for never in this process. */
  get lastSuccess(): number | null {
    return this.#lastSuccess;
  }

  failed(reason: string, message: string): void {
    const { what, logger, clock } = this.#options;
    const now = clock.monotonic();
    const before = this.#trouble;
    if (before?.reason === reason && now - before.said < REMINDER) {
      before.message = message;
      logger.debug({ reason }, message);
      return;
    }
    this.#trouble = { since: now, dropped: 0, ...before, reason, message, said: now };
    logger.warn({ reason }, `${what} are not sent: ${message}`);
  }

  /** @param count - of what was given up meanwhile. */
  dropped(count: number): void {
    if (this.#trouble) this.#trouble.dropped += count;
  }

  /** Something was taken. @param unit - of what `dropped` counted: `requests`. */
  ended(unit: string): void {
    const { what, logger, clock } = this.#options;
    this.#lastSuccess = clock.now();
    if (!this.#trouble) return;
    const seconds = Math.round((clock.monotonic() - this.#trouble.since) / 1000);
    const { dropped } = this.#trouble;
    const lost = `${counted(dropped, unit)} ${dropped === 1 ? 'was' : 'were'} dropped meanwhile`;
    logger.info(`${what} are sent again after ${seconds} s; ${lost}`);
    this.#trouble = undefined;
  }
}
