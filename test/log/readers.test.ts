import { expect, test } from 'vitest';
import type { Entry, Extent } from '../../src/log/log.ts';
import { encodeCursor, Readers } from '../../src/log/readers.ts';

const cursor = (name: string, position: number | null): Entry =>
  ({ topic: `reader/${name}`, record: encodeCursor(position) }) as Entry;

/** Ten extents of ten entries and 100 bytes each, a second apart. */
const EXTENTS: Extent[] = Array.from({ length: 10 }, (_, i) => ({
  ...{ first: 10 * i + 1, last: 10 * i + 10, bytes: 100, time: 1000 * (i + 1) },
}));
const END = 10_000;
const NEVER = { maxAge: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };

test('the log goes up to where the slowest has passed, as far as it may at all', () => {
  const readers = new Readers();
  expect(readers.cut(EXTENTS, 70, END)).toBe(70);
  readers.configure('slow', NEVER);
  readers.configure('fast', NEVER);
  // One that is new keeps nothing yet.
  expect(readers.cut(EXTENTS, 70, END)).toBe(70);
  readers.apply(cursor('slow', 35));
  readers.apply(cursor('fast', 90));
  expect(readers.cut(EXTENTS, 70, END)).toBe(35);
  expect([...readers.behind(35)]).toEqual([]);
  expect([...readers.behind(36)]).toEqual([{ name: 'slow', passed: 35, retention: NEVER }]);
  // Never back.
  readers.apply(cursor('slow', 20));
  expect(readers.positionOf('slow')).toBe(35);
  // One that nobody asks for any more keeps nothing, once that is settled.
  readers.release('slow');
  expect(readers.cut(EXTENTS, 70, END)).toBe(35);
  readers.settle();
  expect(readers.cut(EXTENTS, 70, END)).toBe(70);
  expect([readers.fresh, readers.gone]).toEqual([[], ['slow']]);
  readers.apply(cursor('slow', null));
  expect([readers.positionOf('slow'), readers.gone]).toEqual([undefined, []]);
});

test.each([
  ['bytes that are just so many', { maxBytes: 1000 }, 5],
  ['one byte less takes a whole extent', { maxBytes: 999 }, 10],
  ['bytes for three extents', { maxBytes: 300 }, 70],
  ['no bytes: all but what may not go', { maxBytes: 0 }, 80],
  ['an age that the oldest just has', { maxAge: 9000 }, 5],
  ['a millisecond less', { maxAge: 8999 }, 10],
  ['the age of the fourth, less a millisecond', { maxAge: 5999 }, 40],
])('bounds take whole extents from who has passed 5: %s', (_, bounds, cut) => {
  const readers = new Readers();
  readers.configure('slow', { ...NEVER, ...bounds });
  readers.apply(cursor('slow', 5));
  expect(readers.cut(EXTENTS, 85, END)).toBe(cut);
});

test('the age of an extent is not known where nobody has dated it, and by default a week and a GiB are kept', () => {
  const readers = new Readers();
  readers.configure('slow');
  readers.apply(cursor('slow', 5));
  const week = 168 * 3_600_000;
  const of = (time: number, bytes = 100) => EXTENTS.map((extent) => ({ ...extent, time, bytes }));
  expect(readers.cut(of(1), 85, week + 1)).toBe(5);
  expect(readers.cut(of(1), 85, week + 2)).toBe(80);
  expect(readers.cut(of(0), 85, week + 2)).toBe(5);
  expect(readers.cut(of(1, 2 ** 30 / 10), 85, 2)).toBe(5);
  expect(readers.cut(of(1, 2 ** 30 / 10 + 1), 85, 2)).toBe(10);
});

test('cursors outlive a snapshot', () => {
  const readers = new Readers();
  readers.configure('a', NEVER);
  readers.apply(cursor('a', 7));
  readers.apply(cursor('b', 9));
  const restored = new Readers();
  restored.configure('a', NEVER);
  restored.restore(readers.save());
  expect([restored.positionOf('a'), restored.positionOf('b'), restored.gone]).toEqual([7, 9, ['b']]);
});
