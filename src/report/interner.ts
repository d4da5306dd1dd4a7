/** Strings that are remembered from one chunk to the next, at most; a chunk itself may name more. */
const MAX_REMEMBERED = 4096;
/**
 * Places that a string may stand at. The hash has no key, since it is made byte by byte in the scanner's loop, so a sender
 * can choose strings that all fall together; what finds no place is then listed again each time that it is named.
 */
export const MAX_PROBES = 16;

/**
 * Strings of one chunk, found by their bytes: a chunk names few tags and kinds many times, and making a JavaScript
 * string for each mention would cost more than all the rest of the scan. Strings of earlier chunks are remembered, since
 * the next one will name them again.
 */
export class ByteInterner {
  #table = new Int32Array(64);
  #mask = 63;
  #arena = Buffer.allocUnsafe(1024);
  // Of each string that is remembered:
  #ends: number[] = [];
  #hashes: number[] = [];
  #strings: (string | undefined)[] = [];
  /** Its number in the chunk that `#chunks` says. */
  #numbers: number[] = [];
  #chunks: number[] = [];
  /** Those that this chunk names, in order of their numbers. */
  #named: number[] = [];
  #chunk = 0;
  /** Of those that this chunk names. */
  bytes = 0;

  /** Start value for a hash that a scanner computes while it passes over the bytes. */
  static readonly SEED = 0x811c9dc5 | 0;

  /** FNV-1a; the scanner inlines the same formula. */
  static hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = ByteInterner.SEED;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    return hash;
  }

  /** @returns the string's place in `strings`: for equal bytes the same until `clear`, as long as it is in the table. */
  intern(bytes: Uint8Array, from: number, to: number, hash: number): number {
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      const entry = this.#table[slot]! - 1;
      if (entry < 0) break;
      if (this.#hashes[entry] === hash && this.#equals(entry, bytes, from, to)) {
        return this.#chunks[entry] === this.#chunk ? this.#numbers[entry]! : this.#number(entry);
      }
      slot = (slot + 1) & this.#mask;
    }
    return this.#number(this.#insert(bytes, from, to, hash));
  }

  internString(text: string): number {
    const bytes = Buffer.from(text, 'utf8');
    return this.intern(bytes, 0, bytes.length, ByteInterner.hash(bytes, 0, bytes.length));
  }

  /** In order of their numbers. Bytes that are not UTF-8 come as U+FFFD, as `JSON.parse` of the decoded text gives them. */
  strings(): string[] {
    const strings: string[] = [];
    for (const entry of this.#named) {
      this.#strings[entry] ??= this.#arena.toString('utf8', this.#start(entry), this.#ends[entry]);
      strings.push(this.#strings[entry]);
    }
    return strings;
  }

  clear(): void {
    if (this.#named.length === 0) return;
    this.#named = [];
    this.bytes = 0;
    this.#chunk++;
    if (this.#ends.length <= MAX_REMEMBERED) return;
    this.#table.fill(0);
    for (const list of [this.#ends, this.#hashes, this.#strings, this.#numbers, this.#chunks]) list.length = 0;
  }

  #number(entry: number): number {
    this.#chunks[entry] = this.#chunk;
    this.#numbers[entry] = this.#named.length;
    this.#named.push(entry);
    this.bytes += this.#ends[entry]! - this.#start(entry);
    return this.#numbers[entry]!;
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

  #insert(bytes: Uint8Array, from: number, to: number, hash: number): number {
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
    this.#strings.push(undefined);
    this.#numbers.push(0);
    this.#chunks.push(-1);
    if (this.#ends.length * 2 > this.#mask) this.#grow();
    else this.#place(entry);
    return entry;
  }

  #place(entry: number): void {
    const hash = this.#hashes[entry]!;
    let slot = (hash ^ (hash >>> 15)) & this.#mask;
    for (let probe = 0; probe < MAX_PROBES; probe++) {
      if (this.#table[slot] === 0) {
        this.#table[slot] = entry + 1;
        return;
      }
      slot = (slot + 1) & this.#mask;
    }
  }

  #grow(): void {
    this.#mask = this.#mask * 2 + 1;
    this.#table = new Int32Array(this.#mask + 1);
    for (let entry = 0; entry < this.#hashes.length; entry++) this.#place(entry);
  }
}
