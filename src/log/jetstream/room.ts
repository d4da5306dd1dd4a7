import type { Position } from '../log.ts';

/** Part of `max_bytes` that is kept for what the bridges have to write down: the lease, how far exporters have come, what was sent. */
const KEPT = 1 / 16;
/** What a message takes beside its data: headers, subject, and what frames them. */
const OVERHEAD = 300;

/**
 * How full a stream is: what its leader has told, and what came since. Filled to the last byte by reports it would stay so for ever:
 * whoever may cut it has to write down that it may, and why there is more to cut than before.
 */
export class Room {
  readonly #limit: number;
  #bytes = 0;
  /** Up to there everything is counted. */
  #counted: Position = 0;

  /** @param largest - bytes of the largest entry. */
  constructor(maxBytes: number, largest: number) {
    this.#limit = maxBytes * (1 - KEPT) - largest;
  }

  /** @param last - sequence of the last message of those. */
  told(bytes: number, last: Position): void {
    this.#bytes = bytes;
    this.#counted = last;
  }

  saw(sequence: Position, bytes: number): void {
    if (sequence <= this.#counted) return;
    this.#counted = sequence;
    this.#bytes += bytes + OVERHEAD;
  }

  /** Whether what can wait has to. */
  get isFull(): boolean {
    return this.#bytes > this.#limit;
  }
}
