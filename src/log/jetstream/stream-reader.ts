import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AckPolicy, DeliverPolicy, type JetStreamManager, type MsgRequest } from '@nats-io/jetstream';
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from '@nats-io/transport-node';
import type { Position } from '../log.ts';
import { isUnanswered } from './errors.ts';
import { idIn, isEmptyIn, type StreamMessage, timeIn } from './message.ts';
import { subjectsOf } from './subjects.ts';

const HEARTBEAT_MS = 500;
/**
 * Without a word for so long, another consumer takes its place: the server that had it is gone, or the way to it. What an append wrote is
 * answered once it came back from the stream, and Couic gives up after 2 s.
 */
const SILENCE_MS = 1500;
/** A consumer is asked for so often, each time for as long as the manager waits: nobody hears a question while there is no leader. */
const ATTEMPTS = 10;
/** The server lets go of a consumer whose bridge is gone after this. */
const INACTIVE_MS = 30_000;
const RETRY_MS = 250;
/** Between two looks whether there is a message, while no consumer sends any. */
const FETCH_MS = 50;
/** Messages that were fetched, and not taken from here. */
const MAX_FETCHED = 64;

interface ReaderContext {
  readonly connection: NatsConnection;
  /** One that does not wait long. */
  readonly jsm: JetStreamManager;
  readonly stream: string;
  /** Told whenever anything is heard of the stream. */
  heard?(): void;
}

/** Nothing more is there at the moment. */
export const AT_END = Symbol('at the end');

type Item = StreamMessage | typeof AT_END | { readonly flowControl: Msg };

/**
 * Messages of a stream from a sequence on, in order, each once, then as they come: over servers that die, connections that break
 * and consumers that are lost. What the stream no longer has is left out. The server sends ahead within its flow control,
 * which is told of what was taken from here, so a slow reader holds a bounded part of the stream.
 */
export class StreamReader {
  readonly #context: ReaderContext;
  readonly #signal: AbortSignal;
  /** Sequence after the last one that came. */
  #next: Position;
  #items: Item[] = [];
  #wake: () => void = () => {};
  #subscription: Subscription | undefined;
  #consumer = '';
  /** Messages of this consumer so far. */
  #received = 0;
  #silence: NodeJS.Timeout | undefined;
  /** No consumer is heard of. */
  #isSilent = false;
  #isFetching = false;

  constructor(context: ReaderContext, from: Position, signal: AbortSignal) {
    this.#context = context;
    this.#next = from;
    this.#signal = signal;
  }

  /** @throws when the first consumer cannot be made. */
  async *read(): AsyncGenerator<StreamMessage | typeof AT_END, void> {
    const wake = () => this.#wake();
    this.#signal.addEventListener('abort', wake);
    try {
      await this.#create();
      while (!this.#signal.aborted) {
        const item = this.#items.shift();
        if (item === undefined) await new Promise<void>((more) => (this.#wake = more));
        else if (item === AT_END) yield item;
        else if ('flowControl' in item) item.flowControl.respond();
        else yield item;
      }
    } finally {
      this.#signal.removeEventListener('abort', wake);
      this.#close();
    }
  }

  /** What came and was not yet taken is let go of, and read again. @param next - sequence after the last that was taken. */
  restart(next: Position): void {
    this.#next = next;
    this.#items = [];
    void this.#fetch();
    void this.#open();
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#wake();
  }

  #close(): void {
    clearTimeout(this.#silence);
    if (!this.#subscription) return;
    const { jsm, stream, connection } = this.#context;
    this.#subscription.unsubscribe();
    this.#subscription = undefined;
    if (!connection.isClosed()) jsm.consumers.delete(stream, this.#consumer).catch(() => {});
  }

  async #open(): Promise<void> {
    try {
      await this.#create();
    } catch {
      this.#reopen();
    }
  }

  /** A new consumer in the place of the one before. */
  async #create(): Promise<void> {
    const { connection } = this.#context;
    this.#close();
    if (this.#signal.aborted || connection.isClosed()) return;
    const inbox = createInbox();
    const name = `couic-${randomUUID()}`;
    this.#consumer = name;
    this.#received = 0;
    const subscription = connection.subscribe(inbox, {
      callback: (error, message) => {
        if (this.#subscription !== subscription) return;
        if (error) this.#reopen();
        else this.#take(message);
      },
    });
    this.#subscription = subscription;
    try {
      const { num_pending: pending } = await this.#ask(name, inbox);
      if (this.#subscription !== subscription) return;
      this.#listen();
      if (pending === 0 && this.#received === 0) this.#push(AT_END);
    } catch (error) {
      // It was given up for another one meanwhile.
      if (this.#subscription === subscription) throw error;
    }
  }

  /** Asks again under the same name: two that were heard make one consumer. */
  async #ask(name: string, inbox: string) {
    const { jsm, stream } = this.#context;
    const config = {
      name,
      deliver_subject: inbox,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, this.#next),
      ack_policy: AckPolicy.None,
      flow_control: true,
      idle_heartbeat: nanos(HEARTBEAT_MS),
      inactive_threshold: nanos(INACTIVE_MS),
      mem_storage: true,
      num_replicas: 1,
      max_deliver: 1,
    };
    for (let attempt = 1; ; attempt++) {
      try {
        return await jsm.consumers.add(stream, config);
      } catch (error) {
        if (!isUnanswered(error) || attempt === ATTEMPTS || this.#consumer !== name) throw error;
      }
    }
  }

  #reopen(): void {
    this.#close();
    void this.#fetch();
    this.#silence = setTimeout(() => void this.#open(), RETRY_MS);
    this.#silence.unref();
  }

  /**
   * Messages one by one, until a consumer is heard of. Consumers are made by the leader of the whole cluster, and it may have died with that of the
   * stream: then the stream has a leader again up to 5 s before there are consumers.
   */
  async #fetch(): Promise<void> {
    this.#isSilent = true;
    if (this.#isFetching) return;
    this.#isFetching = true;
    const { connection, jsm, stream, heard } = this.#context;
    while (this.#isSilent && !this.#signal.aborted && !connection.isClosed()) {
      const next = this.#next;
      // The server takes both; the client's types do not know.
      const query = { seq: Math.max(1, next), next_by_subj: subjectsOf(stream) } as MsgRequest;
      const found = await jsm.streams.getMessage(stream, query).catch(() => undefined);
      if (found !== undefined) heard?.();
      if (found && this.#isSilent && next === this.#next) {
        const { seq: sequence, subject, data, header, time } = found;
        this.#next = sequence + 1;
        const at = timeIn(header) ?? time.getTime();
        this.#push({ sequence, time: at, subject, data, id: idIn(header), isEmpty: isEmptyIn(header) });
      }
      if (!found || this.#items.length >= MAX_FETCHED) await sleep(FETCH_MS, undefined, { ref: false });
    }
    this.#isFetching = false;
  }

  #listen(): void {
    this.#context.heard?.();
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#reopen(), SILENCE_MS);
    this.#silence.unref();
  }

  #take(message: Msg): void {
    this.#isSilent = false;
    this.#listen();
    const code = message.headers?.code ?? 0;
    if (code === 100) this.#takeStatus(message);
    else if (code !== 0) this.#reopen();
    else {
      const { sequence, delivered, nanoseconds, pending } = deliveryOf(message.reply ?? '');
      if (delivered !== this.#received + 1) {
        this.#reopen();
        return;
      }
      this.#received = delivered;
      // Of a start beyond the end, the server makes one at the end.
      if (sequence >= this.#next) {
        this.#next = sequence + 1;
        const { subject, data, headers } = message;
        const time = timeIn(headers) ?? Number(nanoseconds / 1_000_000n);
        this.#push({ sequence, time, subject, data, id: idIn(headers), isEmpty: isEmptyIn(headers) });
      }
      if (pending === 0) this.#push(AT_END);
    }
  }

  #takeStatus(message: Msg): void {
    if (message.reply) {
      this.#push({ flowControl: message });
      return;
    }
    const sent = Number(message.headers?.get('Nats-Last-Consumer') || 0);
    if (sent !== this.#received) this.#reopen();
    // The request to say that all was taken did not come.
    const stalled = message.headers?.get('Nats-Consumer-Stalled');
    if (stalled && this.#items.length === 0) this.#context.connection.publish(stalled);
  }
}

/** `$JS.ACK.[DOMAIN.ACCOUNT.]STREAM.CONSUMER.TRIES.SEQUENCE.DELIVERED.NANOSECONDS.PENDING[.RANDOM]` */
function deliveryOf(reply: string) {
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 5 : 7;
  return {
    sequence: Number(tokens[at]),
    delivered: Number(tokens[at + 1]),
    nanoseconds: BigInt(tokens[at + 2] ?? 0),
    pending: Number(tokens[at + 3]),
  };
}
