import { expect, test } from 'vitest';
import { refused } from '../../../../plugins/receivers/couic_api/api-error.ts';

const PROXY = { url: 'https://couic.example', shown: 'https://couic.example' };
test('what an answer says is cut, on one line, and without markup', () => {
  const page = `<html>\n<b>Bad</b>\tgateway ${'x'.repeat(500)}</html>`;
  expect(refused(PROXY, 502, page, 'monitoring').message).toMatch(
    /^https:\/\/couic\.example answered 502 \(Bad gateway x{1,80}\)$/,
  );
  expect(refused(PROXY, 409, '', 'monitoring').message).toBe('https://couic.example answered 409');
});
