import type { Cidr } from './cidr.ts';

/**
 * One report in 32-bit words, as the scanner writes it, the log keeps it and the fold reads it.
 *
 * | word | content |
 * |---|---|
 * | 0 | bit 0: remove, bit 1: ignore, bit 2: IPv6, bit 3: erased, bits 8 to 15: prefix length, bits 16 to 31: kind (0 none, else number + 1 in the chunk's list) |
 * | 1 | tag (0 none, else number + 1 in the chunk's list) |
 * | 2, 3 | creation and expiration, Unix seconds, low 32 bits |
 * | 4 | their bits 32 to 47: creation low half, expiration high half |
 * | 5 (to 8) | the address, most significant word first: one word for IPv4, four for IPv6; host bits are 0 |
 *
 * Words are in the machine's byte order; the store's header says little-endian, which every platform of Node is
 * that the kernel's lock comes with a binary for.
 */
export const REMOVE = 1;
export const IGNORE = 2;
export const IPV6 = 4;
/** It was taken out of the log: whose it was is not told any more. */
export const ERASED = 8;

export const WORDS_IPV4 = 6;
export const WORDS_IPV6 = 9;

/** Seconds: the end of what is packed, nine million years from now. An expiration beyond it is as good as this one. */
export const MAX_TIMESTAMP = 2 ** 48 - 1;

const HIGH = 2 ** 32;

export function wordsOf(word0: number): number {
  return (word0 & IPV6) === 0 ? WORDS_IPV4 : WORDS_IPV6;
}

export function creationOf(words: Int32Array, at: number): number {
  return (words[at + 2]! >>> 0) + (words[at + 4]! & 0xffff) * HIGH;
}

export function expirationOf(words: Int32Array, at: number): number {
  return (words[at + 3]! >>> 0) + (words[at + 4]! >>> 16) * HIGH;
}

/** Word 4; 0 for all times until 2106. */
export function packTimesHigh(creation: number, expiration: number): number {
  if (creation < HIGH && expiration < HIGH) return 0;
  return Math.floor(creation / HIGH) | (Math.floor(expiration / HIGH) << 16);
}

export function cidrOf(words: Int32Array, at: number): Cidr {
  const ipv6 = (words[at]! & IPV6) !== 0;
  return {
    ipv6,
    prefix: (words[at]! >>> 8) & 0xff,
    words: ipv6 ? [words[at + 5]!, words[at + 6]!, words[at + 7]!, words[at + 8]!] : [words[at + 5]!],
  };
}
