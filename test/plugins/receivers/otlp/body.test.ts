import { expect, test } from 'vitest';
import { BodyBudget } from '../../../../plugins/receivers/otlp/body.ts';

test('bodies of all requests share what memory there is; the first of them may be larger', () => {
  const budget = new BodyBudget(100);
  expect(budget.take(60)).toBe(true);
  expect(budget.take(60)).toBe(false);
  expect(budget.take(40)).toBe(true);
  budget.give(60);
  budget.give(40);
  expect(budget.take(500)).toBe(true);
  expect(budget.take(1)).toBe(false);
});
