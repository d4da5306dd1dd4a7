import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const BUILT = 'dist/src';
const files = readdirSync(BUILT).filter((name) => name.endsWith('.js'));

/*
 * A process that runs while its files are replaced reads those it has not read yet among the new ones. It was given another
 * function under the same letter, and another component under the same number.
 */
test('what built files take from one another has the names of the sources', () => {
  const exporting = files.filter((name) => /^export \{/m.test(readFileSync(join(BUILT, name), 'utf8')));
  expect(exporting.length).toBeGreaterThan(50);
  for (const name of exporting) {
    const [, exported] = /^export \{(.*)\}/m.exec(readFileSync(join(BUILT, name), 'utf8'))!;
    expect.soft(exported, name).not.toMatch(/ as \w[, ]/);
  }
});

test('a built file has the name of a source', () => {
  for (const name of files) {
    const source = `${name.replace(/(\.entry)?\.js$/, '').replaceAll('.', '/')}.ts`;
    expect.soft(existsSync(join('src', source)) || existsSync(join('plugins', source)), name).toBe(true);
  }
});
