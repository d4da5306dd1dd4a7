/** What is left of the bytes that something may take of a record. */
export class Room {
  #left: number;
  #isEmpty = true;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** Takes room for values as JSON, all or none. The first always has room, or it would wait for ever. */
  takes(...values: unknown[]): boolean {
    let bytes = 0;
    for (const value of values) bytes += Buffer.byteLength(JSON.stringify(value));
    if (bytes > this.#left && !this.#isEmpty) return false;
    this.#isEmpty = false;
    this.#left -= bytes;
    return true;
  }
}
