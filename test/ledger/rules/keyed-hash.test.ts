import { expect, test } from 'vitest';
import { drawHashKey, keyedHash } from '../../../src/ledger/rules/keyed-hash.ts';

/** Bytes 0, 1, 2 …, under the key 00 … 07. Source: lib/test_siphash.c of Linux, hsiphash for 32 bits. */
const VECTORS = [
  [4, 0x7e059ea6],
  [8, 0x577999b1],
  [12, 0x6b28096c],
  [20, 0x911bb605],
] as const;

test.each(VECTORS)('is HalfSipHash-1-3 (%i bytes)', (bytes, hash) => {
  const words = Int32Array.from({ length: 8 }, (_, i) => 0x03020100 + 0x04040404 * i);
  expect(keyedHash(words.slice(0, 2), words[0]!, words, 1, bytes / 4 - 1)).toBe(hash | 0);
});

test('every process has a key of its own', () => {
  expect(drawHashKey()).not.toEqual(drawHashKey());
});
