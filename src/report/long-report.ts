/** Of metadata that is left out, this much of its beginning is looked at: Couic writes the kind first. */
const METADATA_HEAD = 4096;
/** A long report without its metadata: its own members are a few hundred bytes. */
const MAX_REST = 64 * 1024;
const METADATA = Buffer.from('metadata');
const NULL = Buffer.from('null');

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * A report that is too long to be held: what is long is its metadata, which is free, so that is left out, but for its
 * kind. It is found by brackets and quotes alone. Memory is bounded whatever comes.
 */
export class LongReport {
  #rest = new Bytes(MAX_REST);
  /** The beginning of the metadata that was left out last; empty when there was none. */
  #head = new Bytes(METADATA_HEAD);
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** At depth 1: a member's name is to come, or being read; or its value. */
  #inName = false;
  #name = new Bytes(METADATA.length + 1);
  #inMetadata = false;

  /** The next bytes of the report, never more than it has. */
  feed(bytes: Uint8Array): void {
    // What does not fit is quarantined whatever comes.
    for (let i = 0; i < bytes.length && !this.#rest.isFull; i++) this.#look(bytes[i]!);
  }

  /** The report without its metadata, for `JSON.parse`; null when that is too long. */
  text(): string | null {
    return this.#rest.isFull ? null : this.#rest.toString();
  }

  /** Its beginning, for quarantine. */
  beginning(): Uint8Array {
    return this.#rest.bytes;
  }

  /** `metadata`, as far as is known: its kind, when that comes first in it. */
  metadata(): unknown {
    const kind = /^\{\s*"kind"\s*:\s*("(?:[^"\\]|\\.)*"?)/s.exec(this.#head.toString())?.[1];
    if (kind === undefined) return null;
    try {
      return { kind: JSON.parse(kind) };
    } catch {
      // It goes on beyond what is kept, so it is too long to be one; or it is not JSON.
      return { kind: 'x'.repeat(METADATA_HEAD) };
    }
  }

  #look(c: number): void {
    if (this.#inString) {
      this.#keep(c);
      if (this.#escaped) this.#escaped = false;
      else if (c === BACKSLASH) this.#escaped = true;
      else if (c === QUOTE) this.#inString = false;
      return;
    }
    if (this.#depth === 1 && (c === 0x2c || c === 0x7d)) {
      // A member ends.
      this.#inMetadata = false;
      this.#inName = true;
      this.#name.clear();
    } else if (this.#depth === 1 && c === 0x3a && this.#inName) {
      this.#inName = false;
      this.#keep(c);
      this.#inMetadata = this.#name.bytes.equals(METADATA);
      if (!this.#inMetadata) return;
      for (const each of NULL) this.#rest.push(each);
      this.#head.clear();
      return;
    }
    if (c === QUOTE) this.#inString = true;
    else if (c === 0x7b || c === 0x5b) {
      this.#depth++;
      if (this.#depth === 1) this.#inName = true;
    } else if (c === 0x7d || c === 0x5d) this.#depth--;
    this.#keep(c);
  }

  #keep(c: number): void {
    if (this.#inMetadata) {
      // Whitespace before a value is none of it.
      if (this.#head.length > 0 || c > 0x20) this.#head.push(c);
      return;
    }
    if (this.#inName && this.#inString && c !== QUOTE) this.#name.push(c);
    this.#rest.push(c);
  }
}

/** Bytes up to a bound; more are dropped. */
class Bytes {
  readonly #buffer: Buffer;
  length = 0;
  isFull = false;

  constructor(bound: number) {
    this.#buffer = Buffer.allocUnsafe(bound);
  }

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.length);
  }

  push(c: number): void {
    if (this.length === this.#buffer.length) this.isFull = true;
    else this.#buffer[this.length++] = c;
  }

  clear(): void {
    this.length = 0;
  }

  toString(): string {
    return this.bytes.toString('utf8');
  }
}
