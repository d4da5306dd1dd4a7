import { createHash, type Hash, hash as hashOnce } from 'node:crypto';

/** Bytes behind the mark that are kept rather than hashed: usually the beginning of a report. */
const MAX_HELD = 4096;
/** Beginnings up to this long are hashed on their own, as long as they are in the first piece: most bodies have but one. */
const ONE_GO = 128 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * SHA-256 of the beginnings of a body that comes in pieces, as Base64. To begin a hash and to copy one cost more than
 * to hash a small body, so it is done late, and often not at all. All offsets are of the body.
 */
export class PrefixHash {
  /** Of the first `#hashed` bytes; null as long as there are none. */
  #hash: Hash | null = null;
  #hashed = 0;
  /** What came after them, before the piece. */
  #held: Uint8Array = NOTHING;
  #mark = 0;
  /** The state at the mark, once `#hash` is beyond it. */
  #atMark: Hash | null = null;
  #piece: Uint8Array = NOTHING;
  /** Where the piece begins. */
  #start = 0;

  /** The next piece; `pass` comes before the one after it. */
  feed(piece: Uint8Array): void {
    this.#piece = piece;
  }

  /** @param end - the mark, or in the piece or at its beginning, and never before an earlier one. */
  at(end: number): string {
    if (this.#atMark !== null && end === this.#mark) return this.#atMark.copy().digest('base64');
    if (this.#hash === null && this.#start === 0 && end <= ONE_GO) {
      return hashOnce('sha256', this.#piece.subarray(0, end), 'base64');
    }
    return this.#hashTo(end).copy().digest('base64');
  }

  /** The piece is about to go. @param mark - an offset that may still be asked for. */
  pass(mark: number): void {
    if (mark > this.#mark) {
      this.#hashTo(mark);
      this.#mark = mark;
      this.#atMark = null;
    }
    const end = this.#start + this.#piece.length;
    if (this.#atMark === null && end - this.#hashed <= MAX_HELD) {
      this.#held = Buffer.concat([this.#held, this.#piece.subarray(Math.max(this.#hashed - this.#start, 0))]);
    } else {
      this.#atMark ??= (this.#hash ?? createHash('sha256')).copy();
      this.#hashTo(end);
    }
    this.#piece = NOTHING;
    this.#start = end;
  }

  #hashTo(end: number): Hash {
    this.#hash ??= createHash('sha256');
    const ofHeld = Math.min(end - this.#hashed, this.#held.length);
    if (ofHeld > 0) {
      this.#hash.update(this.#held.subarray(0, ofHeld));
      this.#held = this.#held.subarray(ofHeld);
      this.#hashed += ofHeld;
    }
    if (end > this.#hashed) {
      this.#hash.update(this.#piece.subarray(this.#hashed - this.#start, end - this.#start));
      this.#hashed = end;
    }
    return this.#hash;
  }
}
