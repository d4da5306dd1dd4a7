import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteInterner, MAX_PROBES } from '../../src/report/interner.ts';

/** The scanner gives the hash with the bytes, and they lie amid others. */
function intern(interner: ByteInterner, text: string, hash: number): number {
  const bytes = Buffer.from(`<${text}>`);
  return interner.intern(bytes, 1, bytes.length - 1, hash);
}

test('a string has one number in a chunk, whatever its hash and whatever earlier chunks named', () => {
  // No more strings than there are places for one hash.
  const texts = Array.from({ length: MAX_PROBES }, (_, i) => ['', 'é', 'a', 'ab', 'a'.repeat(600)][i] ?? `tag-${i}`);
  const named = fc.array(fc.constantFrom(...texts), { maxLength: 30 });
  const hashes = fc.array(fc.constantFrom(0, 62, 63, 1 << 15, -1), { minLength: MAX_PROBES, maxLength: MAX_PROBES });
  fc.assert(
    fc.property(fc.array(named, { maxLength: 5 }), hashes, (chunks, hashOf) => {
      const interner = new ByteInterner();
      for (const names of chunks) {
        const distinct = [...new Set(names)];
        for (const name of names) {
          expect(intern(interner, name, hashOf[texts.indexOf(name)]!)).toBe(distinct.indexOf(name));
        }
        expect(interner.strings()).toEqual(distinct);
        expect(interner.bytes).toBe(Buffer.byteLength(distinct.join('')));
        interner.clear();
        expect([interner.strings(), interner.bytes]).toEqual([[], 0]);
      }
    }),
  );
});

test('of many strings each is found again', () => {
  const interner = new ByteInterner();
  const texts = Array.from({ length: 10_000 }, (_, i) => `tag-${i}`);
  for (const _ of ['once', 'and again']) {
    expect(texts.map((text, i) => intern(interner, text, i))).toEqual([...texts.keys()]);
  }
  expect(interner.strings()).toEqual(texts);
});

test('strings that a sender chose to fall together are told apart all the same', () => {
  const interner = new ByteInterner();
  const texts = Array.from({ length: 100 }, (_, i) => `tag-${i % 50}`);
  const numbers = texts.map((text) => intern(interner, text, 7));
  const strings = interner.strings();
  expect(numbers.map((number) => strings[number])).toEqual(texts);
});

test('what earlier chunks named is forgotten when it is much', () => {
  const interner = new ByteInterner();
  const bytes = Buffer.alloc(32);
  const before = process.memoryUsage().arrayBuffers;
  for (let chunk = 0; chunk < 20; chunk++) {
    for (let i = 0; i < 10_000; i++) {
      const length = bytes.write(`tag-${chunk}-${i % 5000}`);
      interner.intern(bytes, 0, length, ByteInterner.hash(bytes, 0, length));
    }
    expect(interner.strings()).toHaveLength(5000);
    interner.clear();
  }
  expect((process.memoryUsage().arrayBuffers - before) / 1e6).toBeLessThan(1);
});
