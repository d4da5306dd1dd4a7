import { describe, expect, test } from 'vitest';
import { type CountState, count, level } from '../../../src/ledger/series/counting.ts';
import type { Temporality } from '../../../src/ledger/series/observation.ts';

type Point = readonly [start: number, time: number, value: number];

/** What points, one after the other, add up to. */
function total(points: readonly Point[], mode: Temporality = 'cumulative', state?: CountState): number {
  let sum = 0;
  let now = state;
  for (const [start, time, value] of points) {
    const counted = count(now, mode, { start, time }, value);
    if (!counted) continue;
    sum += counted.by;
    now = counted.next;
  }
  return sum;
}

describe('totals of a source that says when it began', () => {
  test.each<[string, Point[], number]>([
    [
      'rise',
      [
        [1, 10, 5],
        [1, 20, 8],
      ],
      8,
    ],
    [
      'count once what comes twice',
      [
        [1, 10, 5],
        [1, 10, 5],
        [1, 20, 8],
        [1, 20, 8],
        [1, 10, 5],
      ],
      8,
    ],
    [
      'go on over a restart',
      [
        [1, 10, 5],
        [11, 20, 3],
      ],
      8,
    ],
    [
      'go on over a restart after which it has the same value',
      [
        [1, 10, 5],
        [11, 20, 5],
      ],
      10,
    ],
    [
      'go on over a restart after which it has more',
      [
        [1, 10, 5],
        [11, 20, 9],
      ],
      14,
    ],
    [
      'take a late point of before the restart',
      [
        [1, 10, 5],
        [21, 30, 3],
        [1, 20, 7],
      ],
      10,
    ],
    [
      'take late points of before the restart once',
      [
        [1, 10, 5],
        [21, 30, 3],
        [1, 20, 7],
        [1, 20, 7],
        [1, 15, 6],
      ],
      10,
    ],
    [
      'take a run of which all came late',
      [
        [21, 30, 3],
        [1, 10, 5],
        [1, 5, 4],
        [1, 20, 6],
        [21, 40, 4],
      ],
      10,
    ],
    [
      'leave a late point of the same run',
      [
        [1, 20, 8],
        [1, 10, 5],
        [1, 30, 9],
      ],
      9,
    ],
    [
      'begin anew with a value that fell, though the start is the same',
      [
        [1, 10, 5],
        [1, 20, 2],
        [1, 30, 4],
      ],
      9,
    ],
  ])('%s', (_what, points, expected) => {
    expect(total(points)).toBe(expected);
  });
});

describe('totals of a source that does not say when it began', () => {
  test.each<[string, Point[], number]>([
    [
      'rise',
      [
        [0, 10, 5],
        [0, 20, 8],
      ],
      8,
    ],
    [
      'begin anew when it falls',
      [
        [0, 10, 5],
        [0, 20, 2],
      ],
      7,
    ],
    [
      'leave late points',
      [
        [0, 10, 5],
        [0, 30, 8],
        [0, 20, 6],
      ],
      8,
    ],
    [
      'take a late point of before it fell',
      [
        [0, 10, 5],
        [0, 30, 1],
        [0, 20, 7],
      ],
      8,
    ],
    [
      'without times, rise and begin anew',
      [
        [0, 0, 5],
        [0, 0, 5],
        [0, 0, 8],
        [0, 0, 2],
      ],
      10,
    ],
    [
      'go on when it says so from now on',
      [
        [0, 10, 5],
        [1, 20, 8],
      ],
      8,
    ],
    [
      'go on when it says so no more',
      [
        [1, 10, 5],
        [0, 20, 8],
      ],
      8,
    ],
  ])('%s', (_what, points, expected) => {
    expect(total(points)).toBe(expected);
  });
});

describe('totals of a source that somebody else watches, who gives their own beginning as its start', () => {
  test.each<[string, Point[], number]>([
    [
      'count what they saw first',
      [
        [10, 10, 5],
        [10, 20, 8],
      ],
      8,
    ],
    [
      'go on when they begin again',
      [
        [10, 10, 5],
        [10, 20, 8],
        [30, 30, 9],
        [30, 40, 11],
      ],
      11,
    ],
    [
      'begin anew when it fell meanwhile',
      [
        [10, 10, 5],
        [30, 30, 2],
        [30, 40, 4],
      ],
      9,
    ],
    [
      'leave what comes late from before',
      [
        [10, 10, 5],
        [30, 30, 9],
        [10, 20, 8],
      ],
      9,
    ],
    [
      'leave what comes late from before all',
      [
        [30, 30, 9],
        [10, 20, 8],
      ],
      9,
    ],
  ])('%s', (_what, points, expected) => {
    expect(total(points)).toBe(expected);
  });
});

describe('differences', () => {
  test.each<[string, Point[], number]>([
    [
      'add up',
      [
        [1, 10, 5],
        [10, 20, 3],
      ],
      8,
    ],
    [
      'count once',
      [
        [1, 10, 5],
        [1, 10, 5],
        [10, 20, 3],
        [1, 10, 5],
        [10, 20, 3],
      ],
      8,
    ],
    [
      'count in any order',
      [
        [10, 20, 3],
        [30, 40, 4],
        [1, 10, 5],
        [20, 30, 1],
        [1, 10, 5],
        [20, 30, 1],
      ],
      13,
    ],
    [
      'count in any order, gaps in parts',
      [
        [1, 10, 5],
        [40, 50, 1],
        [20, 30, 2],
        [10, 20, 3],
        [30, 40, 4],
        [20, 30, 2],
      ],
      15,
    ],
    [
      'of one that has another interval count',
      [
        [1, 10, 5],
        [5, 15, 3],
      ],
      8,
    ],
    [
      'without an interval count each time',
      [
        [0, 10, 5],
        [0, 10, 5],
        [20, 20, 1],
        [0, 0, 2],
      ],
      13,
    ],
    [
      'of zero say nothing',
      [
        [1, 10, 5],
        [10, 20, 0],
        [20, 30, 1],
      ],
      6,
    ],
  ])('%s', (_what, points, expected) => {
    expect(total(points, 'delta')).toBe(expected);
  });

  test('may be negative for what rises and falls', () => {
    expect(
      total(
        [
          [1, 10, 5],
          [10, 20, -3],
        ],
        'delta',
      ),
    ).toBe(2);
  });

  test('more gaps than are kept take the oldest for told', () => {
    const apart = [0, 1, 2, 3, 4, 5].map((n): Point => [n * 20 + 1, n * 20 + 10, 1]);
    expect(total([...apart, [10, 21, 7]], 'delta')).toBe(6);
    expect(total([...apart, [30, 41, 7]], 'delta')).toBe(13);
  });

  test('and totals may take turns: of a source that goes on, nothing counts twice', () => {
    const told = count(undefined, 'delta', { start: 1, time: 10 }, 5)!;
    expect(
      total(
        [
          [1, 20, 8],
          [1, 30, 9],
        ],
        'cumulative',
        told.next,
      ),
    ).toBe(1);
    expect(total([[10, 20, 8]], 'cumulative', told.next)).toBe(8);
    const known = count(undefined, 'cumulative', { start: 1, time: 10 }, 5)!;
    expect(
      total(
        [
          [5, 10, 2],
          [10, 20, 3],
        ],
        'delta',
        known.next,
      ),
    ).toBe(3);
  });
});

test('a level is what was measured last', () => {
  const at = (state: CountState | undefined, time: number, value: number) => level(state, { start: 0, time }, value);
  const first = at(undefined, 10, 5)!;
  expect(first.current).toEqual({ start: 0, first: 10, time: 10, value: 5 });
  expect(at(first, 5, 7)).toBeUndefined();
  expect(at(first, 20, 5)).toBeUndefined();
  expect(at(first, 20, 4)?.current.value).toBe(4);
  expect(at(first, 0, 3)?.current.value).toBe(3);
});
