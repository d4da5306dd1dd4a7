import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const pages = readdirSync('docs/adr').sort();

test('decisions are numbered without a gap, and each says when it was made and whether it holds', () => {
  const wrong = pages.filter((page, index) => {
    const number = index + 1;
    const [heading = '', , status = ''] = readFileSync(`docs/adr/${page}`, 'utf8').split('\n');
    const holds = /^20\d\d-\d\d-\d\d, (accepted\.|superseded by \[\d+\]\(\d{4}-.*\.md\))/.test(status);
    return !(page.startsWith(`${String(number).padStart(4, '0')}-`) && heading.startsWith(`# ${number}. `) && holds);
  });
  expect(pages.length).toBeGreaterThan(10);
  expect(wrong).toEqual([]);
});
