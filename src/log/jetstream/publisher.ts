import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import type { Clock } from '../../clock.ts';
import { type AppendOptions, Conflict, type Position } from '../log.ts';
import { notOpen, type StorageError } from '../storage-error.ts';
import { cannotCommit, isFull, isNobodyThere, isUnanswered, isWrongLastSequence } from './errors.ts';
import type { Heads } from './heads.ts';
import { emptyHeaders, idIn, isEmptyIn, messageId } from './message.ts';
import { subjectOf } from './subjects.ts';

/** What an append may take, waiting for its turn included. Couic gives up after 2 s. */
const PATIENCE_MS = 1500;
/** Between two looks whether there is a leader again. */
const RETRY_MS = 50;
/**
 * Appends are tried for so long after one has failed, each for as long as its sender waits: leadership takes up to 9 s to move, and whoever is
 * refused meanwhile pauses for longer than it may still take.
 */
const OUTAGE_MS = 15_000;
/** After that one append in so long a time is tried; the others are refused at once. */
const PROBE_MS = 500;
/** Appends that wait: what is more is refused. A record is 1 MiB at most. */
const MAX_WAITING = 1024;
const MAX_WAITING_BYTES = 128 * 1024 * 1024;

interface PublisherOptions {
  readonly js: JetStreamClient;
  readonly jsm: JetStreamManager;
  readonly stream: string;
  /** Of this opening, see Entry. */
  readonly epoch: string;
  readonly clock: Clock;
  readonly heads: Heads;
  /** What is wrong with this host's clock, if anything. */
  clockProblem(): string | undefined;
  /** Whether there is a connection. */
  isConnected(): boolean;
  /** Whether an append would most likely be taken now, but for its room. Asked while none was. */
  isWell(): Promise<boolean>;
  /** Resolves when everything up to there was delivered; rejects once the signal is aborted. */
  delivered(position: Position, signal: AbortSignal): Promise<void>;
  /** Whether the room that is left is kept for what cannot wait. */
  isFull(): boolean;
  /** The stream has no room for more. */
  onFull(): void;
  /** Nothing can be written until `onRecovered`. */
  onFailed(error: StorageError): void;
  onRecovered(): void;
}

interface Message {
  readonly topic: string;
  readonly record: Uint8Array;
  /** It says nothing. */
  readonly isEmpty?: true;
}

/** On nobody's topic, and behind all that was taken before it. */
const QUESTION: Message = { topic: 'asked', record: new Uint8Array(), isEmpty: true };

interface Waiting extends Message {
  readonly expect: Position | undefined;
  readonly origin: unknown;
  readonly id: string;
  /** By the monotonic clock. */
  readonly deadline: number;
  readonly resolve: (position: Position) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Publishes entries one after the other, so that they have the order of the calls: each under a name of its own, and, when it
 * expects something, only behind the message that this process has seen last on the subject. What is not acknowledged in
 * time is given up; should it come to the stream after all, it is there like another bridge's.
 */
export class Publisher {
  readonly #options: PublisherOptions;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #working: Promise<void> | undefined;
  #closed = false;
  #number = 0;
  /** The one that was published and not yet acknowledged. */
  #underWay: { readonly id: string; readonly origin: unknown; took(position: Position): void } | undefined;
  /** Acknowledged, not yet delivered: what they were made from. */
  readonly #acknowledged = new Map<Position, unknown>();
  #delivered: Position = 0;
  /** Up to there, others' entries may lie between what was delivered and an acknowledgement. */
  #unseen: Position = 0;
  #written: Position = 0;
  #failure: StorageError | undefined;
  #failedAt = 0;
  #probeAt = 0;
  #probing: NodeJS.Timeout | undefined;

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  append(topic: string, record: Uint8Array, options: AppendOptions): Promise<Position> {
    return this.#take({ topic, record }, options);
  }

  #take(message: Message, { expect, origin, canWait }: AppendOptions): Promise<Position> {
    if (this.#closed) return Promise.reject(notOpen());
    const problem = this.#options.clockProblem();
    // What it would write down is dated by that clock: rules would end by it.
    if (problem !== undefined) return Promise.reject(this.#failed(cannotCommit(problem)));
    const now = this.#options.clock.monotonic();
    const isScarce = this.#options.isFull();
    if (isScarce && canWait) return Promise.reject(this.#full());
    if (this.#failure && !isScarce && now - this.#failedAt >= OUTAGE_MS) {
      if (now < this.#probeAt) return Promise.reject(this.#failure);
      this.#probeAt = now + PROBE_MS;
    }
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + message.record.length > MAX_WAITING_BYTES)
      return Promise.reject(cannotCommit(`${this.#waiting.length} entries wait for the stream already`));
    return new Promise((resolve, reject) => {
      const id = messageId(this.#options.epoch, ++this.#number);
      this.#waiting.push({ ...message, expect, origin, id, deadline: now + PATIENCE_MS, resolve, reject });
      this.#waitingBytes += message.record.length;
      this.#working ??= this.#work();
    });
  }

  /**
   * To be told of each message before its entry is delivered.
   * @returns whether the entry is of an append that resolves, and what that gave beside its record.
   */
  came(position: Position, id: string): { readonly isOurs: boolean; readonly origin?: unknown } {
    this.#delivered = position;
    const underWay = this.#underWay;
    if (underWay?.id === id) {
      this.#underWay = undefined;
      underWay.took(position);
      return { isOurs: true, origin: underWay.origin };
    }
    if (!this.#acknowledged.has(position)) return { isOurs: false };
    const origin = this.#acknowledged.get(position);
    this.#acknowledged.delete(position);
    return { isOurs: true, origin };
  }

  /**
   * Whether nobody else has written to a topic behind a position. The leader cannot be asked that: one that is cut off does not know yet
   * that there is another. So something is written, and what came before it is looked at.
   * @throws StorageError: the stream takes nothing.
   */
  async isLast(topic: string, position: Position): Promise<boolean> {
    const { clock, heads } = this.#options;
    const deadline = clock.monotonic() + PATIENCE_MS;
    await this.#untilDelivered(await this.#take(QUESTION, { canWait: true }), deadline);
    return heads.others(topic) <= position;
  }

  get isFailing(): boolean {
    return this.#failure !== undefined;
  }

  /** Position of the last entry that an append resolved with. */
  get written(): Position {
    return this.#written;
  }

  /** Takes no more appends, and waits for those that were taken. */
  async drain(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#probing);
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      this.#waitingBytes -= next.record.length;
      try {
        const position = await this.#commit(next);
        this.#recovered();
        this.#written = position;
        next.resolve(position);
      } catch (error) {
        next.reject(error);
      }
    }
    this.#working = undefined;
  }

  async #commit(next: Waiting): Promise<Position> {
    const { clock, heads, isConnected } = this.#options;
    for (;;) {
      if (clock.monotonic() >= next.deadline) throw this.#gaveUp(next);
      if (!isConnected()) {
        await sleep(RETRY_MS);
        continue;
      }
      const expected = await this.#expected(next);
      try {
        const position = await this.#publish(next, expected);
        // What was expected is what was there: nobody's entry lies in between.
        if (expected === undefined) this.#unseen = Math.max(this.#unseen, position);
        else heads.saw(next.topic, position, false);
        if (position > this.#delivered) this.#acknowledged.set(position, next.origin);
        return position;
      } catch (error) {
        const taken = await this.#wasTaken(next, expected, error);
        if (taken === undefined) continue;
        heads.saw(next.topic, taken, false);
        if (taken > this.#delivered) this.#acknowledged.set(taken, next.origin);
        return taken;
      } finally {
        this.#underWay = undefined;
      }
    }
  }

  /** Sequence of the last message on the subject, as far as this process knows. @throws Conflict when another's is in between. */
  async #expected({ topic, expect, deadline }: Waiting): Promise<Position | undefined> {
    const { heads } = this.#options;
    if (expect === undefined) return undefined;
    if (this.#unseen > this.#delivered) await this.#untilDelivered(this.#unseen, deadline);
    const other = heads.others(topic);
    if (other > expect) throw new Conflict(topic, expect, heads.last(topic) ?? other);
    return heads.last(topic) ?? expect;
  }

  async #publish(next: Waiting, expected: Position | undefined): Promise<Position> {
    const { topic, record, id, origin, deadline, isEmpty } = next;
    const { clock, js, stream } = this.#options;
    const timeout = Math.max(1, deadline - clock.monotonic());
    const delivered = new Promise<Position>((took) => {
      this.#underWay = { id, origin, took };
    });
    const expect = { streamName: stream, ...(expected !== undefined && { lastSubjectSequence: expected }) };
    const acknowledged = js
      .publish(subjectOf(stream, topic), record, {
        ...(isEmpty && { headers: emptyHeaders() }),
        msgID: id,
        timeout,
        expect,
      })
      .then(({ seq }) => seq);
    return Promise.race([acknowledged, delivered]);
  }

  /** @returns where it is; undefined: it is to be published again. @throws what the append fails with. */
  async #wasTaken(next: Waiting, expected: Position | undefined, error: unknown): Promise<Position | undefined> {
    if (isWrongLastSequence(error)) return this.#look(next, expected);
    if (isNobodyThere(error)) {
      await sleep(RETRY_MS);
      return undefined;
    }
    if (isUnanswered(error)) throw this.#gaveUp(next, error);
    if (isFull(error)) throw this.#full(error);
    const { message } = error as Error;
    throw this.#failed(cannotCommit(`the stream could not be written to: ${message}`, error));
  }

  /** The server says that another message was last. That is also raised when nothing is wrong, so the leader is asked. */
  async #look(next: Waiting, expected: Position | undefined): Promise<Position | undefined> {
    const { heads } = this.#options;
    const { topic } = next;
    const found = await this.#lastOf(topic, next.deadline);
    if (found && idIn(found.header) === next.id) return found.seq;
    if (found?.seq === expected) {
      await sleep(RETRY_MS / 10);
      return undefined;
    }
    if (found && found.seq > this.#delivered) {
      // Another's, which is folded here as well before anybody looks again.
      await this.#untilDelivered(found.seq, next.deadline);
      return undefined;
    }
    const wasUnknown = heads.last(topic) === undefined;
    heads.correct(topic, found?.seq ?? 0);
    if (found && wasUnknown && !isEmptyIn(found.header) && found.seq > next.expect!) heads.saw(topic, found.seq, true);
    return undefined;
  }

  /** @throws StorageError: not in time. */
  async #untilDelivered(position: Position, deadline: number): Promise<void> {
    const { clock, delivered } = this.#options;
    // Made only when there is something to wait for: it costs more than all else that this class does for an append.
    const signal = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - clock.monotonic())));
    await delivered(position, signal).catch((error) => Promise.reject(this.#gaveUp({ deadline }, error)));
  }

  /** A topic's last message, from the leader: a copy may be behind. */
  async #lastOf(topic: string, deadline: number) {
    const { clock, jsm, stream } = this.#options;
    for (;;) {
      try {
        const found = jsm.streams.getMessage(stream, { last_by_subj: subjectOf(stream, topic) });
        return await within(found, deadline - clock.monotonic());
      } catch (error) {
        if (!isNobodyThere(error) || clock.monotonic() >= deadline) throw this.#gaveUp({ deadline }, error);
        await sleep(RETRY_MS);
      }
    }
  }

  #gaveUp({ deadline }: Pick<Waiting, 'deadline'>, cause?: unknown): StorageError {
    const { clock, isConnected } = this.#options;
    const waited = Math.round(PATIENCE_MS + clock.monotonic() - deadline);
    const why = isConnected()
      ? 'it has no leader, or too few of its servers'
      : 'there is no connection to any of the servers';
    return this.#failed(cannotCommit(`the stream has not answered within ${waited} ms: ${why}`, cause));
  }

  #full(cause?: unknown): StorageError {
    this.#options.onFull();
    return this.#failed(
      cannotCommit('the stream is full (max_bytes): give it more room, or see what keeps the log', cause),
    );
  }

  #failed(error: StorageError): StorageError {
    const now = this.#options.clock.monotonic();
    this.#probeAt = now + PROBE_MS;
    if (!this.#failure) {
      this.#failedAt = now;
      this.#options.onFailed(error);
    }
    this.#failure = error;
    this.#probing ??= setInterval(() => void this.#probe(), PROBE_MS * 2).unref();
    return error;
  }

  /** Who is told that this bridge can take nothing sends nothing: so nobody would notice that it can again. */
  async #probe(): Promise<void> {
    if (await this.#options.isWell().catch(() => false)) this.#recovered();
  }

  #recovered(): void {
    // What cannot wait was taken: nothing else would be.
    if (!this.#failure || this.#options.isFull()) return;
    clearInterval(this.#probing);
    this.#probing = undefined;
    this.#failure = undefined;
    this.#options.onRecovered();
  }
}

async function within<Result>(promise: Promise<Result>, milliseconds: number): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the leader has not answered')), Math.max(1, milliseconds));
  });
  try {
    // Of the other one a failure is no unhandled one.
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
