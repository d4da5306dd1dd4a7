import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** What nobody in this repository imports: what users of the package do. */
const PUBLIC = ['plugins/exporters/crowdsec/library/index.ts'];

interface Source {
  readonly exported: readonly string[];
  /** Names that are taken from each file. */
  readonly taken: ReadonlyMap<string, ReadonlySet<string>>;
}

const sources = new Map<string, Source>();
for (const path of execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  encoding: 'utf8',
}).split('\n')) {
  if (path !== '' && existsSync(path)) sources.set(path, read(path, readFileSync(path, 'utf8')));
}

/** The code is formatted by Biome, so that every import and export is written in one way. */
function read(path: string, text: string): Source {
  const taken = new Map<string, Set<string>>();
  const from = /^(?:import|export)\s+(?:type\s+)?(?:\{([^}]*)\}|\*\s+as\s+\w+|\*|(\w+))\s+from\s+'(\.[^']+)'/gm;
  for (const [, list = '', whole = '', target = ''] of text.matchAll(from)) {
    const file = normalize(join(dirname(path), target));
    const names = taken.get(file) ?? new Set<string>();
    taken.set(file, names);
    for (const name of [...list.split(','), whole])
      names.add(
        name
          .trim()
          .replace(/^type\s+/, '')
          .replace(/\s+as\s+.*$/, ''),
      );
    if (list === '' && whole === '') names.add('*');
  }
  for (const [, target = ''] of text.matchAll(/\bimport\('(\.[^']+)'\)/g)) {
    taken.set(normalize(join(dirname(path), target)), new Set(['*']));
  }
  // A component adds to an interface of ours.
  for (const [, target = '', name = ''] of text.matchAll(/^declare module '(\.[^']+)' \{\n {2}interface (\w+)/gm)) {
    const file = normalize(join(dirname(path), target));
    taken.set(file, new Set([...(taken.get(file) ?? []), name]));
  }
  const declared =
    /^export\s+(?:default\s+)?(?:abstract\s+|async\s+)?(?:const|let|function\*?|class|interface|type)\s+(\w+)/gm;
  return { taken, exported: [...text.matchAll(declared)].map(([, name]) => name!) };
}

/** What generators write is whole. */
const ours = [...sources.keys()].filter((path) => /^(src|plugins)\//.test(path) && !path.endsWith('_pb.ts'));

test('every export has somebody who imports it', () => {
  expect(ours.length).toBeGreaterThan(150);
  const unused = ours
    .filter((path) => !PUBLIC.includes(path))
    .flatMap((path) => {
      const names = new Set([...sources.values()].flatMap(({ taken }) => [...(taken.get(path) ?? [])]));
      if (names.has('*')) return [];
      return sources
        .get(path)!
        .exported.filter((name) => !names.has(name))
        .map((name) => `${path}: ${name}`);
    });
  expect(unused).toEqual([]);
});

test('no file imports itself by way of others, types included', () => {
  const circles: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, way: readonly string[]) => {
    if (way.includes(path)) circles.push([...way.slice(way.indexOf(path)), path].join(' → '));
    if (way.includes(path) || done.has(path)) return;
    for (const next of sources.get(path)?.taken.keys() ?? []) visit(next, [...way, path]);
    done.add(path);
  };
  for (const path of ours) visit(path, []);
  expect(circles).toEqual([]);
});

test('src/ knows no window of CrowdSec: a word of one component stands in its folder', () => {
  const core = ours.filter((path) => path.startsWith('src/') && path !== 'src/components.ts');
  const lines = core.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .map((line, index) => `${path}:${index + 1}: ${line.trim()}`),
  );
  expect(lines.filter((line) => /window|cscli/i.test(line))).toEqual([]);
});
