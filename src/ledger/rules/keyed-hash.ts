import { randomBytes } from 'node:crypto';

/** Two words that nobody outside of the process knows. */
export type HashKey = Int32Array;

export function drawHashKey(): HashKey {
  const bytes = randomBytes(8);
  return Int32Array.of(bytes.readInt32LE(0), bytes.readInt32LE(4));
}

/** Rounds after the last word. */
const FINAL = 3;

/**
 * HalfSipHash-1-3 of a word and some more: https://github.com/veorq/SipHash, as Linux's `hsiphash` has it for tables on
 * 32-bit machines. Whoever sends rules cannot tell which of them fall together (docs/adr/0004-a-keyed-hash-for-rules.md).
 * @param at - where in `words` the others begin. @param count - how many they are. @returns signed 32 bits.
 */
export function keyedHash(key: HashKey, first: number, words: Int32Array, at: number, count: number): number {
  let v0 = key[0]!;
  let v1 = key[1]!;
  let v2 = 0x6c796765 ^ v0;
  let v3 = 0x74656462 ^ v1;
  // One round for each word, one for their length in bytes, then the final ones, of which the first begins with 0xff.
  for (let i = -1; i < count + 1 + FINAL; i++) {
    let m = 0;
    if (i < 0) m = first;
    else if (i < count) m = words[at + i]!;
    else if (i === count) m = (4 * (count + 1)) << 24;
    else if (i === count + 1) v2 ^= 0xff;
    v3 ^= m;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
  }
  return v1 ^ v3;
}
