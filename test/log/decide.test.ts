import { expect, test } from 'vitest';
import { appendDecided } from '../../src/log/decide.ts';
import { Conflict, type Topic } from '../../src/log/log.ts';
import { bytes } from './folds.ts';

/** A topic whose appends fail with these, one after the other, and then are taken. */
function topicThat(...failures: Error[]) {
  const tried: unknown[] = [];
  let last = 0;
  const topic: Topic = {
    name: 'list',
    get last() {
      return last;
    },
    async append(record, options) {
      tried.push([Buffer.from(record).toString(), options]);
      last += 10;
      const failure = failures.shift();
      if (failure) throw failure;
      return last;
    },
  };
  return { topic, tried };
}

test('whoever was not first looks again, at what is folded then; any other failure is one', async () => {
  const { topic, tried } = topicThat(new Conflict('list', 0, 7), new Conflict('list', 10, 17), new Error('disk'));
  let looked = 0;
  const decide = () => ({ record: bytes(`${++looked}`), origin: looked });
  await expect(appendDecided(topic, decide)).rejects.toThrow('disk');
  expect(tried).toEqual([
    ['1', { expect: 0, origin: 1 }],
    ['2', { expect: 10, origin: 2 }],
    ['3', { expect: 20, origin: 3 }],
  ]);
  expect(await appendDecided(topic, decide)).toBe(40);
  expect(await appendDecided(topic, () => undefined)).toBeUndefined();
  expect(tried).toHaveLength(4);
});
