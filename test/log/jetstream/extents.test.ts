import { expect, test } from 'vitest';
import { Extents } from '../../../src/log/jetstream/extents.ts';

const MIB = 1024 * 1024;

test('an extent is closed when it has a MiB, or is sealed, and counts 100 bytes more for each message', () => {
  const extents = new Extents();
  extents.add(5, MIB - 101, 1000);
  extents.add(6, 0, 2000);
  extents.add(9, 50, 3000);
  // Where messages are missing in between, they go with what comes after them.
  expect(extents.all).toEqual([
    { first: 5, last: 6, bytes: MIB + 99, time: 2000 },
    { first: 7, last: 9, bytes: 150, time: 3000 },
  ]);
  extents.seal();
  extents.add(10, 1, 4000);
  extents.add(11, 1, 5000);
  expect(extents.all.slice(2)).toEqual([{ first: 10, last: 11, bytes: 202, time: 5000 }]);
});

test('what was there before is kept apart, and is not changed for whoever gave it', () => {
  const extents = new Extents();
  const before = { first: 1, last: 4, bytes: 10, time: 1 };
  extents.begin([before]);
  extents.add(5, 1, 2);
  extents.cut(2);
  expect(extents.all).toEqual([
    { first: 3, last: 4, bytes: 10, time: 1 },
    { first: 5, last: 5, bytes: 101, time: 2 },
  ]);
  expect(before.first).toBe(1);
  extents.cut(4);
  expect(extents.all).toEqual([{ first: 5, last: 5, bytes: 101, time: 2 }]);
  extents.cut(5);
  expect(extents.all).toEqual([]);
});
