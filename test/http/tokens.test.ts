import { expect, test } from 'vitest';
import { Tokens } from '../../src/http/tokens.ts';

const tokens = new Tokens([
  { name: 'a', tokens: ['token-of-a-0000000', 'old-token-of-a-000'] },
  { name: 'b', tokens: ['token-of-b-0000000'] },
  { name: 'open', tokens: [] },
]);

test('each token leads to its instance, the old one of a rotation too', () => {
  expect(['token-of-a-0000000', 'old-token-of-a-000', 'token-of-b-0000000'].map((t) => tokens.authenticate(t))).toEqual(
    ['a', 'a', 'b'],
  );
});

test('no other text does, of whatever length', () => {
  const wrong = [
    '',
    'a',
    'token-of-a-000000',
    'token-of-a-00000000',
    'TOKEN-OF-A-0000000',
    'open',
    '\u{1f600}'.repeat(99),
  ];
  expect(wrong.map((token) => tokens.authenticate(token))).toEqual(wrong.map(() => undefined));
});

test('the instance without a token is the one for requests without', () => {
  expect(tokens.open).toBe('open');
  expect(new Tokens([{ name: 'a', tokens: ['x'] }]).open).toBeUndefined();
});

test('keeps no token in clear', () => {
  expect(JSON.stringify(Object.values(tokens))).not.toContain('token-of');
});
