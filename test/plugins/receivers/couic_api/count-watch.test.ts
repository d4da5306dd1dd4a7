import { expect, test } from 'vitest';
import { CountWatch } from '../../../../plugins/receivers/couic_api/count-watch.ts';

const NONE = { drop: 0, ignore: 0 };

test('numbers that differ in two readings in a row are news, once is a report on its way', () => {
  const watch = new CountWatch();
  const differs = (drop: number, ignore: number) => watch.differs({ drop, ignore }, { drop: 5, ignore: 1 });
  expect([differs(5, 1), differs(6, 1), differs(5, 1), differs(5, 2)]).toEqual([false, false, false, false]);
  expect([differs(4, 1), differs(6, 2), differs(5, 1)]).toEqual([true, true, false]);
});

test('a Couic that does not count is no news, and ends a row', () => {
  const watch = new CountWatch();
  const row = [watch.differs({ drop: 1, ignore: 0 }, NONE), watch.differs(undefined, NONE)];
  expect([...row, watch.differs({ drop: 1, ignore: 0 }, NONE)]).toEqual([false, false, false]);
});
