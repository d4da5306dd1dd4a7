/** One write to a connection. */
export interface Written {
  readonly bytes: Uint8Array;
  readonly events: number;
  /** By a clock that never steps, in ms. */
  readonly at: number;
  /** How often it was sent again. */
  readonly resent: number;
}

/** Bytes that are kept: about what the systems on both sides hold of one connection. */
const MOST_BYTES = 4 * 1_048_576;
/** A server that takes connections and drops them again is not sent the same for ever. */
const MOST_RESENT = 3;

/** What was written lately. TCP tells nobody what the other side has read: after a break it may be lost. */
export class Unconfirmed {
  readonly #maxAge: number;
  #written: Written[] = [];
  #bytes = 0;

  /** @param maxAge - in ms. */
  constructor(maxAge: number) {
    this.#maxAge = maxAge;
  }

  add(written: Written): void {
    this.#forget(written.at);
    this.#written.push(written);
    this.#bytes += written.bytes.length;
    while (this.#bytes > MOST_BYTES) this.#bytes -= this.#written.shift()!.bytes.length;
  }

  /** Takes out all that is to be sent again, oldest first. @param now - ms. */
  take(now: number): Written[] {
    this.#forget(now);
    const taken = this.#written.filter(({ resent }) => resent < MOST_RESENT);
    this.#written = [];
    this.#bytes = 0;
    return taken;
  }

  #forget(now: number): void {
    while (this.#written.length > 0 && now - this.#written[0]!.at >= this.#maxAge)
      this.#bytes -= this.#written.shift()!.bytes.length;
  }
}
