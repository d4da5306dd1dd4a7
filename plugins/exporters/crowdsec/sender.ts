import type { Clock, Sleep } from '../../../src/clock.ts';
import type { Backoff } from '../../../src/delivery/backoff.ts';
import { type Next, Repeating } from '../../../src/delivery/repeating.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import type { Topic } from '../../../src/log/log.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import { StateLog } from '../../../src/telemetry/state-log.ts';
import type { Outcome } from './lapi-answer.ts';
import type { Log } from './log.ts';
import type { WindowObserver } from './observer.ts';
import type { Outbox, WaitingWindow } from './outbox.ts';
import { type OutboxBounds, surplusQuarantined, surplusWaiting } from './outbox-bounds.ts';
import { type DroppedRecord, decisionOf, type QuarantinedRecord, type SentRecord } from './records.ts';

/** What became of a window. */
type Conclusion = SentRecord | QuarantinedRecord | DroppedRecord;

interface SenderOptions {
  readonly outbox: Outbox;
  readonly topic: Topic;
  /** Hands one body to LAPI. */
  readonly push: (body: string, signal: AbortSignal) => Promise<Outcome>;
  /** Whether it may now. @default always */
  readonly acts?: (() => boolean) | undefined;
  readonly backoff: Backoff;
  readonly bounds: OutboxBounds;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly observer: WindowObserver;
}

/** Empties the outbox: oldest window first, one per request, the same bytes until LAPI has taken or refused them. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #state: StateLog;
  /** Ends requests at once. */
  readonly #cut = new AbortController();
  readonly #repeating: Repeating;
  #flushed: Promise<void> = Promise.resolve();

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#state = new StateLog(options.log, options.clock);
    this.#repeating = new Repeating((end) => this.#turn(end), options.sleep);
  }

  /** What the last attempt failed with; null when it did not. */
  get trouble(): string | null {
    return this.#state.problem;
  }

  /** Begins to send, for ever: until `stop`. */
  start(): void {
    if (!this.#cut.signal.aborted) this.#repeating.start();
  }

  /** There may be a new window. */
  wake(): void {
    this.#repeating.wake();
  }

  /** Tries now whatever waits, until the outbox is empty or an attempt fails. Does not wait out a backoff. */
  flush(): Promise<void> {
    return this.#alone(() => this.#flush());
  }

  async #flush(): Promise<void> {
    const resume = this.#repeating.running;
    await this.#repeating.stop();
    await this.#pass();
    if (resume) this.start();
  }

  /** One last try. @param deadline - what is under way ends with it. Safe without `start()`, and twice. */
  async stop(deadline: AbortSignal): Promise<void> {
    const cut = () => this.#cut.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    const { outbox, log } = this.#options;
    await this.#alone(async () => {
      if (outbox.size > 0)
        log.info({}, `Trying LAPI a last time: ${counted(outbox.size, 'windows wait', 'window waits')}`);
      await this.#repeating.stop();
      await this.#pass();
    });
    if (outbox.size > 0)
      log.warn(
        {},
        `LAPI did not take everything: ${counted(outbox.size, 'windows wait', 'window waits')}, and will be sent after the next start`,
      );
    cut();
  }

  /** Two who flush at the same time would send one window twice. */
  #alone(work: () => Promise<void>): Promise<void> {
    this.#flushed = this.#flushed.then(work);
    return this.#flushed;
  }

  async #turn(end: AbortSignal): Promise<Next> {
    const failed = await this.#pass(end);
    return failed && { atLeast: this.#options.backoff.after(failed) };
  }

  /** @returns the failure it ended with, or undefined when nothing waits any more. */
  async #pass(stop?: AbortSignal): Promise<{ retryAfter?: number } | undefined> {
    try {
      if (!this.#acts) return {};
      await this.#dropSurplus();
      for (let window = this.#options.outbox.oldest; window; window = this.#options.outbox.oldest) {
        if (!this.#acts) return {};
        if (stop?.aborted || this.#cut.signal.aborted) return undefined;
        const outcome = await this.#options.push(window.body, this.#cut.signal);
        if (outcome.kind === 'retryable') return this.#failed(window, outcome);
        this.#options.backoff.reset();
        if (outcome.kind === 'success') await this.#sent(window);
        else await this.#refused(window, outcome);
      }
      return undefined;
    } catch (error) {
      this.#state.bad(
        'storage',
        `What became of a window could not be written down, it is tried again: ${String(error)}`,
      );
      return {};
    }
  }

  async #sent({ number }: WaitingWindow): Promise<void> {
    if (!(await this.#conclude({ type: 'sent', at: this.#now(), number }))) return;
    this.#state.good(`Windows are sent again; ${this.#options.outbox.size} wait`);
    this.#options.log.info({ window: number }, `Window ${number} was taken by LAPI`);
    this.#options.observer.sent({ number });
  }

  async #refused({ number }: WaitingWindow, outcome: Outcome & { kind: 'failure' }): Promise<void> {
    const { status, message } = outcome;
    if (!(await this.#conclude({ type: 'quarantined', at: this.#now(), number, status, message }))) return;
    this.#options.log.error(
      { window: number, status },
      `LAPI refused window ${number} for good (${status} ${message}). It is kept: "couic-otel-bridge windows show ${number}" shows it, "windows resend ${number}" sends it again`,
    );
    this.#options.observer.quarantined();
    for (const surplus of surplusQuarantined(this.#options.outbox)) {
      if (!(await this.#conclude({ type: 'dropped', at: this.#now(), number: surplus, reason: 'quarantine_full' })))
        return;
      this.#options.log.error({ window: surplus }, `Dropped quarantined window ${surplus}: too many are`);
      this.#options.observer.dropped('quarantine_full');
    }
  }

  #failed(window: WaitingWindow, outcome: Outcome & { kind: 'retryable' }): { retryAfter?: number } {
    if (this.#cut.signal.aborted) return {};
    const { reason, message, retryAfter } = outcome;
    this.#options.observer.sendFailed(reason);
    this.#state.bad(reason, `Window ${window.number} waits, ${this.#options.outbox.size} in all: ${message}`);
    return retryAfter === undefined ? {} : { retryAfter };
  }

  async #dropSurplus(): Promise<void> {
    const { outbox, bounds, log, observer } = this.#options;
    for (const { number, reason } of surplusWaiting(outbox, bounds, this.#now())) {
      if (!(await this.#conclude({ type: 'dropped', at: this.#now(), number, reason }))) return;
      log.error({ window: number, reason }, `Dropped window ${number} unsent: outbox.${reason} is exceeded`);
      observer.dropped(reason);
    }
  }

  /** Writes what became of a window, unless another process has by now. @returns whether it was written. */
  async #conclude(record: Conclusion): Promise<boolean> {
    const { outbox, topic } = this.#options;
    const before = outbox.find(record.number);
    return (
      undefined !==
      (await appendDecided(topic, () => (outbox.find(record.number) === before ? decisionOf(record) : undefined)))
    );
  }

  get #acts(): boolean {
    return this.#options.acts?.() ?? true;
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
