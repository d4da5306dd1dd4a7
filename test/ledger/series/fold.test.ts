import { expect, test } from 'vitest';
import { SeriesFold } from '../../../src/ledger/series/fold.ts';
import { encodeNumbers, PointsRecord } from '../../../src/ledger/series/records.ts';
import { streamOf } from './harness.ts';

const entryOf = (record: Uint8Array) => ({ position: 1, time: 1000, epoch: '', topic: 'receiver/otlp', record });

/** New series, by their attribute, and others that are known, by their number, each with a value. */
function pointsOf(
  fresh: readonly (readonly [n: number, value: number])[],
  known: readonly (readonly [number, number])[] = [],
) {
  const record = new PointsRecord(1e6);
  const calls = streamOf('counter');
  const times = { start: 1, time: 2 };
  for (const [n, value] of fresh) record.add(record.introduce(calls, { n }, `${n}`), 'cumulative', times, value);
  for (const [number, value] of known) record.add(number, 'cumulative', { start: 1, time: 3 }, value);
  return record.encode();
}

test('places that are given again are the same ones after a snapshot as in the process that wrote it', () => {
  const before = new SeriesFold();
  before.apply(
    entryOf(
      pointsOf([
        [1, 10],
        [2, 20],
        [3, 30],
      ]),
    ),
  );
  before.apply(entryOf(encodeNumbers('ended', [0, 2])));
  before.apply(entryOf(encodeNumbers('forgotten', [0, 2])));
  const after = new SeriesFold();
  after.restore(Array.from(before.snapshot(), (piece) => new Uint8Array(piece)));
  for (const fold of [before, after]) {
    fold.apply(
      entryOf(
        pointsOf([
          [4, 1],
          [5, 2],
        ]),
      ),
    );
    // By their numbers: the place that was given back last goes first.
    fold.apply(
      entryOf(
        pointsOf(
          [],
          [
            [2, 7],
            [0, 8],
          ],
        ),
      ),
    );
    const { table } = fold;
    expect([0, 1, 2].map((number) => [table.attributesOf(number).n, table.totalOf(number)])).toEqual([
      [5, 8],
      [2, 20],
      [4, 7],
    ]);
    expect(table.size).toBe(3);
  }
});

test('a record of a kind that is not known is not passed over', () => {
  expect(() => new SeriesFold().apply(entryOf(new Uint8Array([9, 0, 0, 0])))).toThrow('a record of kind 9');
});
