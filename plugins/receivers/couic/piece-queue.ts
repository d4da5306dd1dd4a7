/** Smaller pieces are joined: each is an object of its own, and of bytes in chunks of one there are many. */
const SMALL = 4096;
const JOINED = 16 * 1024;

/** Bytes that wait for their reader, in order. What it takes is bounded by their number, however small the pieces were. */
export class PieceQueue {
  /** How many wait. */
  bytes = 0;
  readonly #pieces: Uint8Array[] = [];
  #joined: Buffer | undefined;
  #used = 0;

  push(piece: Uint8Array): void {
    this.bytes += piece.length;
    if (piece.length >= SMALL) {
      this.#finish();
      this.#pieces.push(piece);
      return;
    }
    if (this.#joined && this.#used + piece.length > JOINED) this.#finish();
    this.#joined ??= Buffer.allocUnsafeSlow(JOINED);
    this.#joined.set(piece, this.#used);
    this.#used += piece.length;
  }

  shift(): Uint8Array | undefined {
    if (this.#pieces.length === 0) this.#finish();
    const piece = this.#pieces.shift();
    if (piece) this.bytes -= piece.length;
    return piece;
  }

  clear(): void {
    this.#pieces.length = 0;
    this.#joined = undefined;
    this.#used = 0;
    this.bytes = 0;
  }

  #finish(): void {
    const joined = this.#joined?.subarray(0, this.#used);
    this.#joined = undefined;
    this.#used = 0;
    // One that is far from full would hold memory for nothing while a large piece follows it.
    if (joined) this.#pieces.push(joined.length < JOINED / 2 ? Buffer.from(joined) : joined);
  }
}
