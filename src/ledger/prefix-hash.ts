import { createHash, type Hash, hash as hashOnce } from 'node:crypto';

/** Bytes behind the mark that are kept rather than hashed: usually the beginning of a report. */
const MAX_HELD = 4096;
/** Beginnings up to this long are hashed on their own, as long as they are in the first piece: most bodies have but one. */
const ONE_GO = 128 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * SHA-256 of the beginnings of a body that comes in pieces, as Base64. To begin a hash and to copy one cost more than
 * to hash a small body, so it is done late, and often not at all.
 */
export class PrefixHash {
  /** Of all that was passed, but for what is held; null as long as nothing was. */
  #hash: Hash | null = null;
  #held: Uint8Array = NOTHING;
  /** The state at the mark, once `#hash` is beyond it. */
  #atMark: Hash | null = null;
  #piece: Uint8Array = NOTHING;
  /** How much of the piece is in `#hash`. */
  #from = 0;
  #isPassed = true;

  /** The next piece; `pass` comes before the one after it. */
  feed(piece: Uint8Array): void {
    this.#piece = piece;
    this.#from = 0;
    this.#isPassed = false;
  }

  /**
   * Of the body up to there.
   * @param end - position in the piece, never before an earlier one. 0 or less: the mark, and so is any after `pass`.
   */
  at(end: number): string {
    if (this.#isPassed || end <= 0) return (this.#atMark ?? this.#hash!).copy().digest('base64');
    if (this.#hash === null && this.#held.length === 0 && end <= ONE_GO) {
      return hashOnce('sha256', this.#piece.subarray(0, end), 'base64');
    }
    return this.#hashTo(end).copy().digest('base64');
  }

  /** The piece is about to go. @param mark - a position in it that may still be asked for; 0 or less leaves it where it is. */
  pass(mark: number): void {
    if (mark > 0) {
      this.#hashTo(mark);
      this.#atMark = null;
    }
    const rest = this.#piece.subarray(this.#from);
    if (this.#atMark === null && this.#held.length + rest.length <= MAX_HELD) {
      this.#held = Buffer.concat([this.#held, rest]);
    } else {
      this.#atMark ??= (this.#hash ?? createHash('sha256')).copy();
      this.#hashTo(this.#piece.length);
    }
    this.#piece = NOTHING;
    this.#from = 0;
    this.#isPassed = true;
  }

  #hashTo(end: number): Hash {
    this.#hash ??= createHash('sha256');
    if (this.#held.length > 0) {
      this.#hash.update(this.#held);
      this.#held = NOTHING;
    }
    if (end > this.#from) {
      this.#hash.update(this.#piece.subarray(this.#from, end));
      this.#from = end;
    }
    return this.#hash;
  }
}
