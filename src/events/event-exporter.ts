import { type Sleep, systemSleep } from '../clock.ts';
import { Backoff } from '../delivery/backoff.ts';
import { TroubleLog } from '../delivery/trouble-log.ts';
import { Gap, type Topic } from '../log/log.ts';
import type { EventFeed, Exporter, ExporterContext, Operation } from '../service/component.ts';
import type { ComponentStatus } from '../service/component-status.ts';
import { counted } from '../telemetry/counted.ts';
import type { Finding } from '../telemetry/finding.ts';
import { type Batch, readBatches } from './batches.ts';
import { Cursor } from './cursor.ts';
import type { CouicEvent } from './event.ts';
import { EVENT_OPERATIONS, type EventQueue } from './operations.ts';
import { type EventOptions, privacyProblem } from './options.ts';
import { type Redaction, readKey, redaction } from './privacy.ts';
import { encodeRefused, RefusedEvents } from './refused-events.ts';
import type { Delivery, EventSink, Failure } from './sink.ts';
import { type EventTelemetry, eventTelemetry } from './telemetry.ts';

const MIB = 1024 * 1024;
/** Bytes: 16 KiB of metadata, and the rest. */
const LONGEST_EVENT = 20_000;
/** After an error of reading, ms. */
const READ_AGAIN = 5000;

/** What tests put in place of the world. */
interface Hooks {
  readonly sleep?: Sleep;
  readonly random?: () => number;
}

/** Of what was read since something was erased last: all of them end when something is again. */
interface Signals {
  readonly erased: AbortSignal;
  readonly read: AbortSignal;
  readonly wait: AbortSignal;
  readonly send: AbortSignal;
}

/**
 * Reads events from the log, and hands them to a sink: in batches, each until it was taken, refused, or given up; over
 * restarts from where it stood. At least once: what was taken when the bridge was killed is sent again, under the same ids.
 */
export class EventExporter implements Exporter {
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ExporterContext;
  readonly #options: EventOptions;
  readonly #sink: EventSink;
  readonly #feed: EventFeed;
  readonly #sleep: Sleep;
  readonly #random: () => number;
  readonly #telemetry: EventTelemetry;
  readonly #trouble: TroubleLog;
  readonly #refused = new RefusedEvents();
  readonly #topic: Topic;
  /** Oldest first. */
  readonly #underWay = new Set<{ readonly since: number; readonly done: Promise<void> }>();
  readonly #reading = new AbortController();
  /** Ends requests and waits at once. */
  readonly #cut = new AbortController();
  /** No further attempt after one that fails. */
  readonly #ending = new AbortController();
  /** Ends what was read before something was erased: none of it is held any more. */
  #erased = new AbortController();
  #cursor: Cursor | undefined;
  #loop: Promise<void> | undefined;

  /** @throws Error when options do not go together. */
  constructor(context: ExporterContext, options: EventOptions, sink: EventSink, hooks: Hooks = {}) {
    const problem = privacyProblem(options);
    if (problem !== undefined) throw new Error(problem);
    this.#context = context;
    this.#options = options;
    this.#sink = sink;
    this.#sleep = hooks.sleep ?? systemSleep;
    this.#random = hooks.random ?? Math.random;
    const { id, meter, logger, clock } = context;
    this.#telemetry = eventTelemetry({
      exporter: id,
      meter,
      entries: () => this.#feed.reader.behind,
      oldestAge: () => this.#oldestAge(),
    });
    this.#trouble = new TroubleLog({ what: 'Events', logger, clock });
    const { max_age: maxAge, max_size_mib: maxSize } = options.queue;
    this.#feed = context.eventFeed({
      maxAge,
      maxBytes: maxSize * MIB,
      onDropped: (entries) => this.#telemetry.droppedEntries(entries),
    });
    this.#feed.reader.onErased(() => this.#erased.abort());
    this.#topic = context.attach(this.#refused);
    this.operations = {
      [EVENT_OPERATIONS.queue]: async () => this.#queue(),
      [EVENT_OPERATIONS.refused]: async () => this.#refused.newest,
    };
  }

  async start(): Promise<void> {
    const { logger } = this.#context;
    const { addresses, metadata } = this.#options;
    const redact = redaction(this.#options, await readKey(this.#options.hmac_key_file));
    await this.#sink.open?.();
    if (addresses !== 'keep' && metadata !== undefined && metadata !== 'drop')
      logger.warn(
        `addresses: ${addresses} beside metadata: the detail and extra of reports may hold addresses in their text`,
      );
    this.#telemetry.begin();
    logger.info(`Events go to ${this.#sink.shown}`);
    const { reader } = this.#feed;
    this.#cursor = new Cursor({
      reader,
      sleep: this.#sleep,
      onFailure: (error) =>
        logger.warn({ err: error }, 'Where the events stand could not be written down; trying again'),
    });
    this.#loop = this.#run(redact, this.#cursor);
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#ending.abort();
    this.#reading.abort();
    const cut = () => this.#cut.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    await this.#loop;
    await Promise.all(Array.from(this.#underWay, ({ done }) => done));
    deadline.removeEventListener('abort', cut);
    await this.#cursor?.close();
    await this.#sink.close?.();
  }

  async examine(): Promise<readonly Finding[]> {
    const { entries, oldestAge, trouble } = this.#queue();
    const { shown } = this.#sink;
    const refused = this.#refused.newest.length;
    return [
      trouble === null
        ? { level: 'ok', message: `events go to ${shown}; entries of the log to be looked at: ${entries}` }
        : {
            level: 'failure',
            message: `events wait for ${shown}, the oldest for ${Math.round(oldestAge)} s`,
            advice: trouble,
          },
      ...(refused > 0
        ? [
            {
              level: 'warning',
              message: `${counted(refused, 'events were', 'event was')} refused by ${shown}`,
              advice: 'couic-otel-bridge events refused',
            } as const,
          ]
        : []),
    ];
  }

  status(): ComponentStatus {
    const { target, entries, oldestAge, refused, trouble } = this.#queue();
    return {
      where: target,
      // What was sent a moment ago is passed a moment later.
      queue: { size: oldestAge === 0 && trouble === null ? 0 : entries, unit: 'entries of the log', oldest: oldestAge },
      lastSuccess: this.#trouble.lastSuccess,
      trouble,
      ...(refused > 0 && {
        note: `${counted(refused, 'events were', 'event was')} refused for good: couic-otel-bridge events refused`,
      }),
    };
  }

  async #run(redact: Redaction, cursor: Cursor): Promise<void> {
    const { batch } = this.#options;
    const { parallel = 1, sizeOf = jsonLength } = this.#sink;
    const reading = this.#reading.signal;
    while (!reading.aborted) {
      const signals = this.#nextSignals();
      try {
        const batches = readBatches(
          {
            feed: this.#feed,
            redact,
            maxEvents: batch.max_events,
            maxBytes: batch.max_size_mib * MIB,
            sizeOf,
            sleep: this.#sleep,
          },
          signals.read,
        );
        for await (const next of batches) {
          if (signals.erased.aborted) break;
          this.#begin(next, cursor, signals);
          while (this.#underWay.size >= parallel) await Promise.race(Array.from(this.#underWay, ({ done }) => done));
        }
      } catch (error) {
        // Read again from where the cursor stands, once nothing before it is under way.
        await Promise.all(Array.from(this.#underWay, ({ done }) => done));
        await this.#readingFailed(error, cursor);
      }
      if (!signals.erased.aborted) continue;
      await Promise.all(Array.from(this.#underWay, ({ done }) => done));
      cursor.letGo();
      // So that little is sent twice; it is not worth waiting for when the bridge stops.
      await Promise.race([cursor.settle(), this.#sleep(READ_AGAIN, reading)]);
    }
  }

  #nextSignals(): Signals {
    this.#erased = new AbortController();
    const { signal: erased } = this.#erased;
    const either = ({ signal }: AbortController) => AbortSignal.any([signal, erased]);
    return { erased, read: either(this.#reading), wait: either(this.#ending), send: either(this.#cut) };
  }

  async #readingFailed(error: unknown, cursor: Cursor): Promise<void> {
    const { logger } = this.#context;
    if (error instanceof Gap) {
      logger.error(
        `Events of ${counted(error.first - error.from, 'entries')} of the log are lost: the bounds of queue took them while ${this.#sink.shown} was away`,
      );
      await cursor.settle(error.first - 1);
      return;
    }
    logger.error({ err: error }, `Events cannot be read: ${(error as Error).message}`);
    await cursor.settle();
    await this.#sleep(READ_AGAIN, this.#reading.signal);
  }

  #begin({ events, through }: Batch, cursor: Cursor, signals: Signals): void {
    const delivered = cursor.begin(through);
    if (events.length === 0) {
      delivered();
      return;
    }
    const done = this.#deliver(events, signals).then((isOver) => {
      this.#underWay.delete(mine);
      if (isOver) delivered();
    });
    const mine = { since: events[0]!.observedTime, done };
    this.#underWay.add(mine);
  }

  /** @returns whether nothing of it is left to be sent, now or after a restart. */
  async #deliver(events: readonly CouicEvent[], { wait: ending, send }: Signals): Promise<boolean> {
    const { retry_on_failure: retry } = this.#options;
    const { clock, logger } = this.#context;
    const backoff = new Backoff(retry, this.#random);
    const since = clock.monotonic();
    for (let left = events; ; ) {
      // Another bridge may be sending them.
      while (!this.#context.acts()) {
        await this.#sleep(READ_AGAIN, ending);
        if (ending.aborted) return false;
      }
      const { failure, again } = await this.#attempt(left, send);
      if (failure === undefined) return true;
      if (send.aborted || ending.aborted) return false;
      this.#telemetry.failed(failure.reason);
      this.#trouble.failed(failure.reason, failure.message);
      const wait = backoff.after(failure);
      const isOver = retry.max_elapsed_time > 0 && clock.monotonic() - since + wait > retry.max_elapsed_time;
      if (!retry.enabled || isOver) {
        this.#telemetry.dropped(again.length);
        this.#trouble.dropped(again.length);
        logger.warn(`${counted(again.length, 'events were', 'event was')} given up: ${failure.message}`);
        return true;
      }
      await this.#sleep(wait, ending);
      if (ending.aborted) return false;
      left = again;
    }
  }

  async #attempt(
    events: readonly CouicEvent[],
    signal: AbortSignal,
  ): Promise<{ failure: Failure | undefined; again: readonly CouicEvent[] }> {
    let result: Delivery | Failure;
    try {
      result = await this.#sink.send(events, signal);
    } catch (error) {
      result = { reason: 'error', message: (error as Error).message };
    }
    if (isFailure(result)) return { failure: result, again: events };
    const { refused = [], again = [], failure } = result;
    if (refused.length > 0 && !(await this.#setAside(refused)))
      return { failure: { reason: 'storage', message: 'what was refused could not be written down' }, again: events };
    const sent = events.length - refused.length - again.length;
    if (sent > 0) this.#telemetry.sent(sent);
    if (again.length === 0) this.#trouble.ended('events');
    if (again.length === 0) return { failure: undefined, again };
    return { failure: failure ?? { reason: 'again', message: `${this.#sink.shown} took a part only` }, again };
  }

  async #setAside(refused: NonNullable<Delivery['refused']>): Promise<boolean> {
    const { logger } = this.#context;
    try {
      await this.#topic.append(encodeRefused(refused));
    } catch (error) {
      logger.warn({ err: error }, 'Events that were refused could not be set aside; they are offered again');
      return false;
    }
    const reasons = new Map<string, number>();
    for (const { reason } of refused) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    for (const [reason, count] of reasons) this.#telemetry.refused(count, reason);
    const each = Array.from(reasons, ([reason, count]) => `${reason}: ${count}`).join(', ');
    logger.warn(
      `${this.#sink.shown} refused ${counted(refused.length, 'events')} for good (${each}): see "events refused"`,
    );
    return true;
  }

  #queue(): EventQueue {
    const { reader } = this.#feed;
    return {
      target: this.#sink.shown,
      position: reader.position,
      entries: reader.behind,
      oldestAge: this.#oldestAge(),
      refused: this.#refused.newest.length,
      trouble: this.#trouble.now?.message ?? null,
    };
  }

  /** Seconds. */
  #oldestAge(): number {
    const [oldest] = this.#underWay;
    return oldest === undefined ? 0 : Math.max(0, (this.#context.clock.now() - oldest.since) / 1000);
  }
}

function isFailure(result: Delivery | Failure): result is Failure {
  return 'reason' in result;
}

/** What nests further than JSON.stringify can follow is one of the longest there are. */
function jsonLength(event: CouicEvent): number {
  try {
    return JSON.stringify(event).length;
  } catch {
    return LONGEST_EVENT;
  }
}
