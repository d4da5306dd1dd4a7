import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** What tries several folders together, or is no code. */
const OTHERS = /^(docs|deploy|support|testdata|integration|hostile|regression|faults|conformance|cluster|bench)(\/|$)/;

test('the tests of a folder are in the folder of the same name', () => {
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'test/**/*.test.ts'], {
    encoding: 'utf8',
  });
  const folders = new Set(
    files.split('\n').flatMap((file) => (file === '' ? [] : dirname(file).replace(/^test\/?/, ''))),
  );
  const mirrored = [...folders].filter((folder) => folder !== '' && !OTHERS.test(folder));
  expect(mirrored.length).toBeGreaterThan(15);
  expect(mirrored.filter((folder) => !existsSync(`src/${folder}`) && !existsSync(folder))).toEqual([]);
});

test('a newcomer can hold the map of src/: ten folders at most, each in docs/architecture.md', () => {
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());
  expect(folders.length).toBeLessThanOrEqual(10);
  const map = readFileSync('docs/architecture.md', 'utf8');
  expect(folders.filter(({ name }) => !map.includes(`\n  ${name}/ `))).toEqual([]);
});

test('every file that code, a page or a list of tests names is there', () => {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts', '*.md', '*.yml', '*.yaml', '*.json'];
  const files = execFileSync('git', list, { encoding: 'utf8' }).split('\n').filter(existsSync);
  // Not what is behind an address of somebody else's, nor a name with a part that stands for others.
  const paths =
    /(?<![\w/.:@-])(?:src|plugins|test|docs|deploy)\/(?:[\w.-]+\/)*[\w-]+(?:\.[\w-]+)*\.(?:ts|md|ya?ml|json)\b/g;
  const gone = files.flatMap((file) =>
    Array.from(readFileSync(file, 'utf8').matchAll(paths), ([path]) => path)
      .filter((path) => !path.includes('/KIND/') && !existsSync(path) && !existsSync(join(dirname(file), path)))
      .map((path) => `${file}: ${path}`),
  );
  expect(gone).toEqual([]);
});
