import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const lock = read('package-lock.json').packages as Record<string, Locked>;
/** By path; the packages of this repository have no registry. */
const packages = Object.entries(lock).filter(([path, { link }]) => path.includes('node_modules/') && !link);
const production = packages.filter(([, { dev }]) => !dev);

/** Licences under which the bridge may be passed on with what it needs, without asking anybody. */
const LICENCES = ['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0', 'Unlicense'];

const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

/** `(A AND B)` needs both, `A OR B` one of them. */
function isAllowed(licence: string): boolean {
  return licence
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((each) => LICENCES.includes(each)));
}

test('everything in the lock file has a digest, and is from the registry of npm', () => {
  expect(packages.length).toBeGreaterThan(100);
  for (const [path, { integrity, resolved = 'https://registry.npmjs.org/' }] of packages) {
    expect(integrity, path).toMatch(/^sha512-[A-Za-z0-9+/]{86}==$/);
    expect(resolved, path).toMatch(/^https:\/\/registry\.npmjs\.org\//);
  }
});

test('what runs in production is under a licence of the list', () => {
  expect(production.length).toBeGreaterThan(30);
  const others = production.filter(([, { license }]) => !isAllowed(license ?? 'none'));
  expect(others.map(([path, { license }]) => `${nameOf(path)}: ${license}`)).toEqual([]);
});

test('the list does its work', () => {
  expect(['GPL-3.0', 'MIT AND GPL-3.0', 'none', 'SEE LICENSE IN x', 'AGPL-3.0 OR GPL-2.0'].filter(isAllowed)).toEqual(
    [],
  );
  expect(['(Apache-2.0 AND BSD-3-Clause)', 'MIT OR GPL-3.0'].filter(isAllowed)).toHaveLength(2);
});

/** With why: its script was read, and neither fetches nor builds anything. `allowScripts` says that it is not run here. */
const SCRIPTS: Readonly<Record<string, string>> = {
  protobufjs: 'of @grpc/grpc-js. Prints a line when a dependent asks for a range of it that it does not like',
};

test('no package runs a script at its installation, but those that were read', () => {
  const scripts = packages.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev);
  expect(scripts.map(([path]) => nameOf(path))).toEqual(Object.keys(SCRIPTS));
  // npm 11 warns of scripts that nobody has decided on.
  expect(read('package.json').allowScripts).toEqual(
    Object.fromEntries(Object.keys(SCRIPTS).map((name) => [name, false])),
  );
  const { postinstall } = read('node_modules/protobufjs/package.json').scripts;
  expect(postinstall).toBe('node scripts/postinstall');
  const script = readFileSync('node_modules/protobufjs/scripts/postinstall.js', 'utf8');
  expect([...script.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(['path', 'fs']);
});

test('versions are exact', () => {
  const { dependencies, devDependencies } = read('package.json') as Record<string, Record<string, string>>;
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
  }
});
