import { expect, test } from 'vitest';
import { CappedNames } from '../../src/ledger/capped-names.ts';

test('gives free numbers to new names lowest first, in whatever order they were freed, restored or not', () => {
  const names = new CappedNames(5, ['none']);
  for (const name of ['a', 'b', 'c', 'd', 'e']) names.number(name, 1);
  expect(names.number('f', 1)).toBe(0);
  for (const number of [5, 2, 4]) names.forget([number]);
  expect(names.used).toBe(2);
  const restored = new CappedNames(5, ['none']);
  restored.restore(names.save());
  for (const each of [names, restored]) {
    expect(['v', 'w', 'x', 'y', 'a'].map((name) => each.number(name, 2))).toEqual([2, 4, 5, 0, 0]);
    expect([...each.idle(1)]).toEqual([3, 6]);
  }
});
