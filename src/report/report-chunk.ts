import { formatCidr } from './cidr.ts';
import { ByteInterner } from './interner.ts';
import { MetadataTexts } from './metadata-texts.ts';
import { cidrOf, IGNORE, REMOVE, wordsOf } from './packed.ts';
import { KEPT_TEXT, type Quarantined, type Reason } from './quarantine.ts';

/** How many texts of quarantined reports a chunk keeps; all are counted. */
const KEPT_TEXTS = 64;
/**
 * What a chunk may hold beside its words before it has to be committed: with them it must fit into an entry of the log, as
 * JSON, which makes six bytes of one that a kind may have, and three of one of a quarantined text.
 */
const MOST_BESIDE = 384 * 1024;
const KIND_WEIGHT = 6;
const TEXT_WEIGHT = 3;
/** Bytes before the words that are left to whoever frames them. */
export const ROOM_BEFORE = 16;

function wordsWithRoom(length: number): Int32Array {
  return new Int32Array(new ArrayBuffer(ROOM_BEFORE + 4 * length), ROOM_BEFORE, length);
}

/** Reports of a body between two commits: packed as they are scanned, with what had to be quarantined. */
export class ReportChunk {
  /** Packed reports, see packed.ts. */
  words = wordsWithRoom(256);
  /** Words in use. */
  length = 0;
  /** Valid reports. */
  reports = 0;
  /** Elements of the array, valid or not. */
  elements = 0;
  readonly tags = new ByteInterner();
  readonly kinds = new ByteInterner();
  readonly quarantined: Quarantined[] = [];
  readonly reasons = new Map<Reason, number>();
  /** Of the valid reports, if whoever reads events wants it. */
  readonly metadata = new MetadataTexts();
  #keptTexts = 0;
  #textBytes = 0;

  /** Whether it has to be committed before more is added. */
  get isFull(): boolean {
    const { tags, kinds, metadata } = this;
    return tags.bytes + KIND_WEIGHT * kinds.bytes + metadata.bytes + TEXT_WEIGHT * this.#textBytes >= MOST_BESIDE;
  }

  /** Room for one more report, so that the scanner writes without asking. */
  reserve(): void {
    if (this.length + 16 > this.words.length) this.#grow(this.words.length * 2);
  }

  /**
   * The words in use where they lie, with `ROOM_BEFORE` bytes before them and some after: a record is made of them without
   * a copy. Good until the chunk changes.
   */
  frame(after: number): Buffer {
    const end = this.length + Math.ceil(after / 4);
    if (end > this.words.length) this.#grow(end);
    return Buffer.from(this.words.buffer, 0, ROOM_BEFORE + 4 * this.length + after);
  }

  quarantine(reason: Reason, text: Uint8Array): void {
    this.elements++;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
    if (this.#keptTexts >= KEPT_TEXTS) {
      this.quarantined.push({ reason, text: null });
      return;
    }
    const kept = Buffer.from(text.buffer, text.byteOffset, Math.min(text.length, KEPT_TEXT));
    this.#keptTexts++;
    this.#textBytes += kept.length;
    this.quarantined.push({ reason, text: kept.toString('utf8') });
  }

  clear(): void {
    this.length = 0;
    this.reports = 0;
    this.elements = 0;
    this.tags.clear();
    this.kinds.clear();
    this.metadata.clear();
    this.#keptTexts = this.#textBytes = 0;
    if (this.reasons.size === 0) return;
    this.quarantined.length = 0;
    this.reasons.clear();
  }

  /** How many drop rules it adds, by tag; null for none. */
  dropsByTag(): Map<string | null, number> {
    const tags = this.tags.strings();
    const counts = new Uint32Array(tags.length + 1);
    const words = this.words;
    for (let at = 0; at < this.length; at += wordsOf(words[at]!)) {
      if ((words[at]! & (REMOVE | IGNORE)) === 0) counts[words[at + 1]!]!++;
    }
    const byTag = new Map<string | null, number>();
    for (const [number, count] of counts.entries()) {
      const tag = number === 0 ? null : tags[number - 1]!;
      if (count > 0) byTag.set(tag, (byTag.get(tag) ?? 0) + count);
    }
    return byTag;
  }

  #grow(length: number): void {
    const larger = wordsWithRoom(length);
    larger.set(this.words.subarray(0, this.length));
    this.words = larger;
  }

  /** The reports in words that a person reads; for small chunks only. */
  *lines(): Generator<{ action: 'add' | 'remove'; policy: 'drop' | 'ignore'; cidr: string; tag: string | null }> {
    const tags = this.tags.strings();
    const words = this.words;
    for (let at = 0; at < this.length; ) {
      const word0 = words[at]!;
      const tag = words[at + 1]!;
      yield {
        action: (word0 & REMOVE) === 0 ? 'add' : 'remove',
        policy: (word0 & IGNORE) === 0 ? 'drop' : 'ignore',
        cidr: formatCidr(cidrOf(words, at)),
        tag: tag === 0 ? null : tags[tag - 1]!,
      };
      at += wordsOf(word0);
    }
  }
}
