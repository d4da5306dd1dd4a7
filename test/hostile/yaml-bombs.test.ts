import { expect, test } from 'vitest';
import { parseYaml } from '../../src/config/parse-yaml.ts';
import { formatProblem, type Problem } from '../../src/config/problem.ts';
import { toValue } from '../../src/config/tree.ts';

function read(text: string): { problems: string[]; value: unknown } {
  const problems: Problem[] = [];
  const context = { env: {}, readFile: () => '', report: (problem: Problem) => void problems.push(problem) };
  const tree = parseYaml(text, 'a.yaml', context);
  return { problems: problems.map(formatProblem), value: tree && toValue(tree) };
}

/** Nine lines that stand for 10^9 values. */
const LAUGHS = [
  'a: &a [x, x, x, x, x, x, x, x, x, x]',
  ...'bcdefghi'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(', ')}]`),
].join('\n');

test('aliases that stand for more and more values', () => {
  expect(read(LAUGHS).problems).toEqual([
    expect.stringMatching(/^a\.yaml:\d: e\[\d\]\[\d\]: YAML: aliases \(\*name\) stand for more than 20000 values/),
  ]);
});

test('maps that take in maps that take in maps', () => {
  const merged = ['m0: &m0 {a: 1, b: 2, c: 3, d: 4}'];
  for (let level = 1; level < 12; level++) {
    const before = Array(8).fill(`*m${level - 1}`);
    merged.push(`m${level}: &m${level} {<<: [${before.join(', ')}], x: [${before.join(', ')}]}`);
  }
  expect(read(merged.join('\n')).problems).toHaveLength(1);
});

test('lists within lists without end', () => {
  const problems = read(`a: ${'['.repeat(50_000)}${']'.repeat(50_000)}`).problems;
  expect(problems).toEqual([expect.stringMatching(/^a\.yaml(:1)?: YAML: lists and maps are nested too deep$/)]);
});

test('a map with very many keys, and one of them twice', () => {
  const keys = Array.from({ length: 30_000 }, (_, key) => `k${key}: 1`);
  expect(read([...keys, 'k7: 2'].join('\n')).problems).toEqual(['a.yaml:30001: the key "k7" is in this map twice']);
});

test('as many aliases as a person may want', () => {
  const items = Array.from({ length: 5000 }, () => '- *tls');
  const { problems, value } = read(`tls: &tls {ca_file: /ca}\nlist:\n${items.join('\n')}`);
  expect(problems).toEqual([]);
  expect((value as { list: unknown[] }).list[4999]).toEqual({ ca_file: '/ca' });
});

test('an anchor that is written twice: the alias stands for the one before it', () => {
  expect(read('a: &x 1\nb: *x\nc: &x 2\nd: *x').value).toEqual({ a: 1, b: 1, c: 2, d: 2 });
});
