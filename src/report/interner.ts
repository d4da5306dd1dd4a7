/**
 * Strings of one chunk, found by their bytes: a chunk names few tags and kinds many times, and making a JavaScript
 * string for each mention would cost more than all the rest of the scan.
 */
export class ByteInterner {
  #table = new Int32Array(64);
  #mask = 63;
  #arena = Buffer.allocUnsafe(1024);
  #ends: number[] = [];
  #hashes: number[] = [];

  get size(): number {
    return this.#ends.length;
  }

  /** Start value for a hash that a scanner computes while it passes over the bytes with `ByteInterner.step`. */
  static readonly SEED = 0x811c9dc5 | 0;

  /** FNV-1a; the scanner inlines the same formula. */
  static hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = ByteInterner.SEED;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    return hash;
  }

  /** @returns a number below `size`, the same for equal bytes until `clear`. */
  intern(bytes: Uint8Array, from: number, to: number, hash: number): number {
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (;;) {
      const entry = this.#table[slot]! - 1;
      if (entry < 0) return this.#insert(bytes, from, to, hash, slot);
      if (this.#hashes[entry] === hash && this.#equals(entry, bytes, from, to)) return entry;
      slot = (slot + 1) & this.#mask;
    }
  }

  internString(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    return this.intern(bytes, 0, bytes.length, ByteInterner.hash(bytes, 0, bytes.length));
  }

  /** In order of their numbers. Bytes that are not UTF-8 come as U+FFFD, as `JSON.parse` of the decoded text gives them. */
  strings(): string[] {
    const strings: string[] = [];
    let from = 0;
    for (const end of this.#ends) {
      strings.push(this.#arena.toString('utf8', from, end));
      from = end;
    }
    return strings;
  }

  clear(): void {
    if (this.#ends.length === 0) return;
    this.#table.fill(0);
    this.#ends.length = 0;
    this.#hashes.length = 0;
  }

  #start(entry: number): number {
    return entry === 0 ? 0 : this.#ends[entry - 1]!;
  }

  #equals(entry: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = this.#start(entry);
    if (this.#ends[entry]! - start !== to - from) return false;
    const arena = this.#arena;
    for (let i = from, j = start; i < to; i++, j++) if (arena[j] !== bytes[i]) return false;
    return true;
  }

  #insert(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const entry = this.#ends.length;
    const start = this.#start(entry);
    const end = start + to - from;
    if (end > this.#arena.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#arena.length * 2));
      this.#arena.copy(larger, 0, 0, start);
      this.#arena = larger;
    }
    this.#arena.set(bytes.subarray(from, to), start);
    this.#ends.push(end);
    this.#hashes.push(hash);
    this.#table[slot] = entry + 1;
    if (this.#ends.length * 2 > this.#mask) this.#grow();
    return entry;
  }

  #grow(): void {
    this.#mask = this.#mask * 2 + 1;
    this.#table = new Int32Array(this.#mask + 1);
    for (let entry = 0; entry < this.#hashes.length; entry++) {
      const hash = this.#hashes[entry]!;
      let slot = (hash ^ (hash >>> 15)) & this.#mask;
      while (this.#table[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#table[slot] = entry + 1;
    }
  }
}
