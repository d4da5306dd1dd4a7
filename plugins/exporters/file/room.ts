import type { Piece } from './torn-line.ts';

/** Bytes that are kept for the next ones; more than a batch has by default. */
const MOST_KEPT = 1_048_576;

/** Where pieces are put together to be written at once. It is used again: new memory for each batch costs more than what is done in it. */
export class Room {
  #buffer = Buffer.alloc(0);

  /** @returns good until it is called again. */
  filled(pieces: readonly Piece[]): Buffer {
    let length = 0;
    for (const { bytes } of pieces) length += bytes;
    const room = this.#buffer.length < length ? Buffer.allocUnsafeSlow(length) : this.#buffer;
    let at = 0;
    for (const { content } of pieces) {
      if (typeof content === 'string') at += room.write(content, at);
      else at += content.copy(room, at);
    }
    if (room.length <= MOST_KEPT) this.#buffer = room;
    return room.subarray(0, at);
  }
}
