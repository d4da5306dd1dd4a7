import type { JetStreamManager } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { partsOf } from '../../../src/log/jetstream/kept-parts.ts';

/** A stream with a message at each position up to `last`, of that many seconds. */
function setUp(state: { bytes: number; messages: number }, last = Number.POSITIVE_INFINITY) {
  const asked: unknown[] = [];
  const jsm = {
    streams: {
      info: async () => ({ state }),
      async getMessage(stream: string, query: { seq: number }) {
        asked.push([stream, query]);
        // What the client makes of a message that is not there.
        return query.seq > last ? null : { time: new Date(query.seq * 1000) };
      },
    },
  } as unknown as JetStreamManager;
  return { jsm, asked };
}

test('nothing lies between a cut and what is not behind it, and nobody is asked', async () => {
  for (const [cut, last] of [
    [0, 0],
    [7, 7],
    [8, 7],
  ] as const)
    expect(await partsOf({} as JetStreamManager, 'log', cut, last)).toEqual([]);
});

test('one entry is one part', async () => {
  const { jsm, asked } = setUp({ bytes: 1001, messages: 10 });
  expect(await partsOf(jsm, 'log', 6, 7)).toEqual([{ first: 7, last: 7, bytes: 100, time: 7000 }]);
  expect(asked).toEqual([['log', { seq: 7, next_by_subj: 'log.>' }]]);
});

test('there are sixteen parts at most, of as many entries, and the last has what is left', async () => {
  const { jsm } = setUp({ bytes: 1000, messages: 4 });
  const sixteen = await partsOf(jsm, 'log', 100, 132);
  expect(sixteen).toEqual(
    Array.from({ length: 16 }, (_, i) => {
      const last = 102 + 2 * i;
      return { first: last - 1, last, bytes: 500, time: last * 1000 };
    }),
  );
  const uneven = await partsOf(jsm, 'log', 0, 33);
  expect(uneven).toHaveLength(11);
  expect(uneven.at(-1)).toEqual({ first: 31, last: 33, bytes: 750, time: 33_000 });
  expect((await partsOf(jsm, 'log', 0, 34)).at(-1)).toEqual({ first: 34, last: 34, bytes: 250, time: 34_000 });
});

test('where no message is left, neither size nor time is known', async () => {
  const { jsm } = setUp({ bytes: 30, messages: 0 }, 0);
  expect(await partsOf(jsm, 'log', 0, 1)).toEqual([{ first: 1, last: 1, bytes: 30, time: 0 }]);
});
