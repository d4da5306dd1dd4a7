import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { type Clock, type Sleep, systemSleep } from '../clock.ts';
import { Conflict, type Entry, type Fold, type Topic } from './log.ts';

export const LEASE_TOPIC = 'lease';

/** Between two renewals. */
const RENEW_MS = 2000;
/** The holder stops when its renewals were not acknowledged for so long, counted from when it asked. */
const HELD_MS = 7000;
/** Another bridge takes the lease when it has read no renewal for so long. The clocks need not agree, only run at about one speed. */
const FREE_MS = 10_000;
/** A bridge whose clock is so far from the log's time gives the lease up: what it would write down is dated by it. */
const SKEW_MS = 60_000;
/** It does not try again before so long. */
const SKEWED_MS = 60_000;
/** Between two looks of those who wait. */
const LOOK_MS = 500;

/** What a renewal says. */
interface LeaseRecord {
  /** `service.instance.id` of the bridge. */
  readonly bridge: string;
  /** Of its process: drawn at each start. */
  readonly run: string;
  /** For people: host and process. */
  readonly name: string;
  /** It was given back. */
  readonly released?: true;
}

/** In a snapshot. */
interface SavedLease extends LeaseRecord {
  readonly since?: number | undefined;
}

/** Who has the lease. */
export interface LeaseHolder {
  /** Its `service.instance.id`. */
  readonly bridge: string;
  /** For people. */
  readonly name: string;
  /** By the log, ms since the epoch; undefined where that was before what this bridge has read. */
  readonly since: number | undefined;
}

interface LeaseOptions {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly sleep?: Sleep;
  /** This bridge has it no more, and must end what only one may do. */
  onLost(why: string): void;
}

/** Of this process, for people. */
export function bridgeName(): string {
  return `${hostname()} (process ${process.pid})`;
}

/**
 * Who of several bridges on one log does what only one may do: an entry of the log, renewed by its holder, that every bridge
 * counts by its own monotonic clock from when it read it. It is taken and renewed by appends that expect what was read, so
 * no two take the same; what two may do who both believe they hold it must be right all the same.
 */
export class Lease implements Fold {
  readonly #options: LeaseOptions;
  /** Of this process: nobody else has it. */
  readonly run: string = randomUUID();
  readonly #name = bridgeName();
  #topic: Topic | undefined;
  #bridge = '';
  #earlierRun: string | undefined;
  #record: LeaseRecord | undefined;
  /** When the newest record was read. */
  #readAt = 0;
  /** Of its entry, by the log. */
  #time = 0;
  /** Of the first entry of who has it, by the log. */
  #since: number | undefined;
  /** Until then this bridge's clock is not to be trusted; by the monotonic clock. */
  #skewedUntil = 0;
  /** Whether it was said that it is not acknowledged. */
  #isSaid = false;
  /** When this bridge asked for what was acknowledged last. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #ending = new AbortController();
  #renewing: Promise<void> | undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Whether this bridge may do now what only one does. */
  get held(): boolean {
    return this.#isOurs && this.#options.clock.monotonic() - this.#askedAt < HELD_MS;
  }

  /** Who has it; undefined when nobody has, or when too long nothing was heard of whoever had it. */
  get holder(): LeaseHolder | undefined {
    const record = this.#record;
    if (!record || record.released || this.#isOver(this.#options.clock.monotonic())) return undefined;
    return { bridge: record.bridge, name: record.name, since: this.#since };
  }

  apply({ record, time }: Entry): void {
    const wasOurs = this.#isOurs;
    const before = this.#record;
    this.#take(record);
    this.#time = time;
    if (before?.run !== this.#record?.run || before?.released) this.#since = time;
    // A release of our own is no loss.
    if (wasOurs && !this.#isOurs && this.#record?.run !== this.run) this.#options.onLost(this.#whyLost());
  }

  snapshot(): Iterable<Uint8Array> {
    return this.#record ? [Buffer.from(JSON.stringify({ ...this.#record, since: this.#since }))] : [];
  }

  restore(pieces: Iterable<Uint8Array>): void {
    for (const piece of pieces) this.#since = this.#take(piece).since;
  }

  /**
   * Waits until this bridge holds it, and renews it from then on.
   * @param topic - of the lease, on a log that is loaded. @param bridge - this one's `service.instance.id`.
   * @param earlierRun - `run` of its process that had the lease last, if that is known: it is over.
   * @returns whether it holds it; false when `end` was called before.
   */
  async acquire(topic: Topic, bridge: string, earlierRun?: string): Promise<boolean> {
    const { clock, logger, sleep = systemSleep } = this.#options;
    const { signal } = this.#ending;
    this.#topic = topic;
    this.#bridge = bridge;
    this.#earlierRun = earlierRun;
    for (let said: string | undefined; !signal.aborted; await sleep(LOOK_MS, signal)) {
      const now = clock.monotonic();
      if (this.#isFree(now) && now >= this.#skewedUntil) {
        if ((await this.#write()) && !(await this.#isSkewed())) {
          this.#renewing = this.#renew();
          // Who is alone has nothing to be told.
          if (said !== undefined) logger.info('This bridge has the lease now, and works on the log');
          return true;
        }
      } else if (this.holder && this.holder.name !== said) {
        said = this.holder.name;
        logger.info(
          `Standing by: ${said} works on the log. This bridge takes over when nothing is heard of it for 10 s`,
        );
      }
    }
    return false;
  }

  /** Gives it back, so that another bridge need not wait. Safe without `acquire()`, and twice. */
  async end(): Promise<void> {
    this.#ending.abort();
    await this.#renewing;
    if (this.held) await this.#write({ released: true });
  }

  get #isOurs(): boolean {
    return this.#record?.run === this.run && !this.#record.released;
  }

  #whyLost(): string {
    const { bridge, name } = this.#record!;
    return bridge === this.#bridge
      ? `${name} has taken over: it has the id of this bridge, so the directory of one of them is a copy of the other's`
      : `${name} has taken over, since this bridge was not heard of for 10 s`;
  }

  #take(bytes: Uint8Array): SavedLease {
    const record = JSON.parse(Buffer.from(bytes).toString('utf8')) as SavedLease;
    this.#record = record;
    this.#readAt = this.#options.clock.monotonic();
    return record;
  }

  #isOver(now: number): boolean {
    return now - this.#readAt >= FREE_MS;
  }

  /**
   * Of this bridge's own earlier process, whose directory this one has locked, nothing is to be waited for. Its id would
   * not do: a copy of the directory has it as well, and the two would take the lease from one another without end.
   */
  #isFree(now: number): boolean {
    const record = this.#record;
    return !record || record.released === true || record.run === this.#earlierRun || this.#isOver(now);
  }

  async #renew(): Promise<void> {
    const { sleep = systemSleep } = this.#options;
    const { signal } = this.#ending;
    for (;;) {
      await sleep(RENEW_MS, signal);
      if (signal.aborted || !this.#isOurs) return;
      if ((await this.#write()) && (await this.#isSkewed())) {
        this.#options.onLost("this host's clock is wrong");
        return;
      }
    }
  }

  /** After a renewal of our own: whether it is far from what this host takes for the time. It is given back then. */
  async #isSkewed(): Promise<boolean> {
    const { clock, logger } = this.#options;
    const skew = clock.now() - this.#time;
    if (Math.abs(skew) < SKEW_MS) return false;
    this.#skewedUntil = clock.monotonic() + SKEWED_MS;
    logger.error(
      `This host's clock is ${Math.round(Math.abs(skew) / 1000)} s ${skew > 0 ? 'ahead of' : 'behind'} that of the NATS server: mend it (timedatectl). Until then this bridge leaves to others what only one may do`,
    );
    await this.#write({ released: true });
    return true;
  }

  /** @returns whether it was written. */
  async #write(how: Partial<LeaseRecord> = {}): Promise<boolean> {
    const { clock, logger } = this.#options;
    const topic = this.#topic!;
    const askedAt = clock.monotonic();
    const record: LeaseRecord = { bridge: this.#bridge, run: this.run, name: this.#name, ...how };
    try {
      await topic.append(Buffer.from(JSON.stringify(record)), { expect: topic.last });
      this.#askedAt = askedAt;
      if (this.#isSaid) logger.info('The lease is acknowledged again');
      this.#isSaid = false;
      return true;
    } catch (error) {
      // Another was first: what it wrote is folded by now. Anything else is tried again.
      if (!(error instanceof Conflict) && this.#isOurs && !this.held && !this.#isSaid)
        logger.warn(
          `The lease is not acknowledged: until it is, this bridge does nothing that only one may do (${(error as Error).message})`,
        );
      this.#isSaid = this.#isOurs && !this.held;
      return false;
    }
  }
}
