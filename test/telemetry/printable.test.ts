import { expect, test } from 'vitest';
import { printable, printableLines } from '../../src/telemetry/printable.ts';

test.each([
  ['plain, with é, 日本 and 🎉', 'plain, with é, 日本 and 🎉'],
  ['two\r\nlines\tand', 'two\\r\\nlines\\tand'],
  ['\u001b[2J\u001b]0;title\u0007', '\\u001b[2J\\u001b]0;title\\u0007'],
  ['C1 \u009b31m, DEL \u007f, NUL \u0000', 'C1 \\u009b31m, DEL \\u007f, NUL \\u0000'],
  ['bidi \u202egnp.exe\u2066', 'bidi \\u202egnp.exe\\u2066'],
  ['\ufeffzero\u200bwidth\u00ad', '\\ufeffzero\\u200bwidth\\u00ad'],
  ['lines \u2028\u2029', 'lines \\u2028\\u2029'],
  ['tag \u{e0041}', 'tag \\udb40\\udc41'],
  ['half \ud800', 'half \\ud800'],
])('%j is shown as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

test('what is long is cut, and says so', () => {
  expect(printable('a'.repeat(10), 10)).toBe('a'.repeat(10));
  expect(printable('a'.repeat(11), 10)).toBe(`${'a'.repeat(10)}…`);
  expect(printable('abc🎉', 4)).toBe('abc\\ud83c…');
});

test('lines stay lines, and JSON stays the same JSON', () => {
  expect(printableLines('one\ntwo\u001b\r\n')).toBe('one\ntwo\\u001b\\r\n');
  const value = { text: 'a\u009b\u202e\u{e0041}\n\u007f' };
  const shown = printableLines(JSON.stringify(value));
  expect(shown).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(shown)).toEqual(value);
});
