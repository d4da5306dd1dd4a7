import type { Agent } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContextOptions } from 'node:tls';
import { createAgent, type Outcome, post } from './post.ts';
import { type CouicReport, reportText } from './report.ts';

/** Milliseconds; those of Couic 1.0.2 are `COUIC_TIMINGS`. */
export interface SenderTimings {
  /** How long the worker waits for a new report before it sends again what failed. */
  readonly look: number;
  /** For a whole request, connection included. */
  readonly timeout: number;
  /** First pause after a failure; it doubles with each further one. */
  readonly backoff: number;
  readonly maxBackoff: number;
}

export const COUIC_TIMINGS: SenderTimings = { look: 100, timeout: 2000, backoff: 1000, maxBackoff: 60_000 };

/**
 * Couic's timings with every time multiplied, so that a test of an outage takes no hour. Not for a bridge, which knows a
 * retry by its coming a second after the failure or later: `backoff` is never less than that where a bridge answers.
 */
export function scaledTimings(factor: number): SenderTimings {
  const { look, timeout, backoff, maxBackoff } = COUIC_TIMINGS;
  return {
    look: look * factor,
    timeout: timeout * factor,
    backoff: backoff * factor,
    maxBackoff: maxBackoff * factor,
  };
}

/** Reports that wait for the worker; one more is dropped, with nothing but a line in Couic's log. */
export const CHANNEL_CAPACITY = 4096;

export interface SenderOptions {
  readonly webhook: string;
  readonly timings?: SenderTimings;
  /** For an `https:` webhook: `ca`, `cert`, `key`. */
  readonly tls?: SecureContextOptions;
  readonly bytesPerSecond?: number;
  /** Told of each attempt: how many reports it held, what became of it, and the body, in pieces. */
  readonly onAttempt?: (reports: number, outcome: Outcome, body: readonly Buffer[]) => void;
}

export interface SenderCounts {
  /** Reports given to it. */
  offered: number;
  /** Reports that found the channel full. */
  dropped: number;
  /** Reports that were answered with 2xx. */
  acknowledged: number;
  attempts: number;
  failures: number;
}

/**
 * Couic's reporting worker: one request at a time, as soon as a report waits, with all that waits; after a failure the
 * same reports again, followed by the new ones, so that the failed body is a prefix of the next one; pauses that double;
 * never an end to it.
 */
export class CouicSender {
  readonly counts: SenderCounts = { offered: 0, dropped: 0, acknowledged: 0, attempts: 0, failures: 0 };
  readonly #options: SenderOptions;
  readonly #webhook: URL;
  readonly #timings: SenderTimings;
  readonly #agent: Agent;
  readonly #stop = new AbortController();
  readonly #channel: string[] = [];
  /** The body so far, without its last bracket, as the pieces that each attempt added. */
  #body: Buffer[] = [];
  #unacknowledged = 0;
  /** Wakes the worker while it waits for a report. */
  #wake = () => {};
  #worker: Promise<void> | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#webhook = new URL(options.webhook);
    this.#timings = options.timings ?? COUIC_TIMINGS;
    this.#agent = createAgent(this.#webhook, options.tls);
  }

  /** Reports that were neither dropped nor acknowledged. */
  get waiting(): number {
    return this.#channel.length + this.#unacknowledged;
  }

  /** @returns whether the channel had room. */
  offer(report: CouicReport): boolean {
    this.counts.offered += 1;
    if (this.#channel.length >= CHANNEL_CAPACITY) {
      this.counts.dropped += 1;
      return false;
    }
    this.#channel.push(reportText(report));
    this.#wake();
    return true;
  }

  start(): void {
    this.#worker ??= this.#work();
  }

  /** Ends it as Couic ends: what waits is lost. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await this.#worker;
    this.#agent.destroy();
  }

  /** Resolves once nothing waits any more. */
  async drained(): Promise<void> {
    while (this.waiting > 0 && !this.#stop.signal.aborted) await delay(Math.min(this.#timings.look, 20));
  }

  async #work(): Promise<void> {
    const { look, backoff, maxBackoff } = this.#timings;
    let pause = backoff;
    while (!this.#stop.signal.aborted) {
      await this.#reportOr(look);
      if (this.waiting === 0 || this.#stop.signal.aborted) continue;
      if (await this.#attempt()) {
        pause = backoff;
      } else {
        await delay(pause, undefined, { signal: this.#stop.signal }).catch(() => {});
        pause = Math.min(pause * 2, maxBackoff);
      }
    }
  }

  /** Until there is a new report, or for so many milliseconds. */
  #reportOr(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#channel.length > 0) return resolve();
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #attempt(): Promise<boolean> {
    const { bytesPerSecond, onAttempt } = this.#options;
    this.#takeChannel();
    const reports = this.#unacknowledged;
    const body = [...this.#body, Buffer.from(']')];
    const outcome = await post(this.#webhook, body, {
      agent: this.#agent,
      timeout: this.#timings.timeout,
      bytesPerSecond,
      signal: this.#stop.signal,
    });
    const taken = 'status' in outcome && outcome.status >= 200 && outcome.status < 300;
    this.counts.attempts += 1;
    if (taken) {
      this.counts.acknowledged += reports;
      this.#unacknowledged = 0;
      this.#body = [];
    } else {
      this.counts.failures += 1;
    }
    onAttempt?.(reports, outcome, body);
    return taken;
  }

  #takeChannel(): void {
    const texts = this.#channel.splice(0);
    if (texts.length === 0) return;
    this.#body.push(Buffer.from((this.#body.length === 0 ? '[' : ',') + texts.join(',')));
    this.#unacknowledged += texts.length;
  }
}
