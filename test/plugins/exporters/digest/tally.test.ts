import { expect, test } from 'vitest';
import { most, Tally } from '../../../../plugins/exporters/digest/tally.ts';

test('a network that there is no room for is in the totals, and it is said so', () => {
  const tally = new Tally(2);
  for (const network of ['a', 'b', 'a']) tally.add('paris', network, null);
  expect(tally.isFull).toBe(false);
  tally.add('lyon', 'c', 'ssh');
  tally.add('lyon', 'b', 'ssh');
  expect(tally).toMatchObject({ total: 5, isFull: true });
  expect([...tally.networks()]).toEqual([
    ['a', 2],
    ['b', 1],
  ]);
  expect(tally.tags.get('ssh')).toBe(2);
});

test('a network that several Couics blocked is one', () => {
  const tally = new Tally();
  for (const instance of ['paris', 'lyon', 'nice']) tally.add(instance, 'a', null);
  expect([...tally.networks()]).toEqual([['a', 3]]);
});

test('the most are found whatever their order, equals by name', () => {
  const counts = new Map(['c', 'a', 'e', 'b', 'd'].map((name) => [name, name === 'e' ? 9 : 1]));
  expect(most(counts, 3)).toEqual([
    ['e', 9],
    ['a', 1],
    ['b', 1],
  ]);
  expect(most(counts, 9).map(([name]) => name)).toEqual(['e', 'a', 'b', 'c', 'd']);
  expect(most(counts, 0)).toEqual([]);
});
