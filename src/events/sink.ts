import type { CouicEvent } from './event.ts';

/** What became of one batch. Those that are in none of the lists were taken. */
export interface Delivery {
  /** The other side will never take them: they are set aside, counted by reason (a word: `mapper_parsing_exception`), and shown by `events refused`. */
  readonly refused?: readonly { readonly event: CouicEvent; readonly reason: string }[];
  /** It may take them later: they are offered again, after a wait. */
  readonly again?: readonly CouicEvent[];
  /** Why, when `again` is not empty: `status_429`, … */
  readonly failure?: Failure;
}

/** Why nothing of a batch was taken, though it may be later. */
export interface Failure {
  /** `timeout`, `connection`, `tls`, `status_NNN`: the attribute `reason`. */
  readonly reason: string;
  /** What happened and what to do, for a person. Holds no secret and no address of an event. */
  readonly message: string;
  /** Milliseconds that the other side asked to wait. */
  readonly retryAfter?: number;
}

/**
 * Where events go: all that one protocol is. Batches, order, retries, the durable cursor, privacy and telemetry are the
 * EventExporter's. `open` and `close` may be called once each; `close` safe without `open`.
 */
export interface EventSink {
  /** For messages, without a secret: `https://siem.example:9200`. */
  readonly shown: string;
  /** Batches that may be under way at the same time. @default 1: in order, one after the other */
  readonly parallel?: number;
  /** Bytes that an event takes in a batch, about; by it batches are kept within `batch.max_size_mib`. @default the length of its JSON */
  readonly sizeOf?: (event: CouicEvent) => number;
  /** Reads key files and the like; opens no connection that may fail while the other side is away. Rejects with what to do. */
  open?(): Promise<void>;
  /**
   * Delivers a batch, in order. A rejection is a defect of the sink and is retried like `unreachable`.
   * @param signal - ends it; nobody knows then what arrived.
   * @returns a `Failure` when nothing is known to have been taken and all of it is to be tried again.
   */
  send(events: readonly CouicEvent[], signal: AbortSignal): Promise<Delivery | Failure>;
  close?(): Promise<void>;
}
