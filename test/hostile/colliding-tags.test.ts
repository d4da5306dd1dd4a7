import { expect, test } from 'vitest';
import { ByteInterner, MAX_PROBES } from '../../src/report/interner.ts';

const PIECE = 6;

const hashOf = (text: string) => ByteInterner.hash(Buffer.from(text), 0, text.length);

/** Two pieces of a tag that lead from one state of the hash to the same next one; some 80,000 are tried. */
function collidingPieces(state: number): [string, string, number] {
  const seen = new Map<number, string>();
  for (let n = 0; ; n++) {
    // Scattered, since neighbours never fall together.
    const piece = ((n * 0x9e3779b1) % 36 ** PIECE).toString(36).padStart(PIECE, '-');
    let hash = state;
    for (let i = 0; i < PIECE; i++) hash = Math.imul(hash ^ piece.charCodeAt(i), 0x01000193);
    const other = seen.get(hash);
    if (other !== undefined) return [piece, other, hash];
    seen.set(hash, piece);
  }
}

/** Tags of one hash: such pairs, put together in every way. */
function collidingTags(pairs: number): string[] {
  let tags = [''];
  let state = ByteInterner.SEED;
  for (let pair = 0; pair < pairs; pair++) {
    const [one, other, next] = collidingPieces(state);
    state = next;
    tags = tags.flatMap((tag) => [tag + one, tag + other]);
  }
  return tags;
}

test('tags that fall together are all counted, and a search for one ends', () => {
  const tags = collidingTags(9);
  expect(new Set(tags).size).toBe(512);
  expect(new Set(tags.map(hashOf)).size).toBe(1);
  const interner = new ByteInterner();
  const numbers = tags.map((tag) => interner.internString(tag));
  expect(interner.strings()).toEqual(tags);
  expect(new Set(numbers).size).toBe(512);
  // Those in the table are found again; the others are listed anew, under their own name.
  const again = tags.map((tag) => interner.internString(tag));
  expect(again.filter((number, i) => number === numbers[i])).toHaveLength(MAX_PROBES);
  const strings = interner.strings();
  expect(again.map((number) => strings[number])).toEqual(tags);
});

test('other tags of the chunk are what they are beside them', () => {
  const interner = new ByteInterner();
  for (const tag of collidingTags(7)) interner.internString(tag);
  const tags = Array.from({ length: 500 }, (_, n) => `tag-${n}`);
  const numbers = [...tags, ...tags].map((tag) => interner.internString(tag));
  const strings = interner.strings();
  expect(numbers.map((number) => strings[number])).toEqual([...tags, ...tags]);
  expect(strings.length).toBeLessThan(128 + 500 + 50);
});
