import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** What Node loads, and what the licences want to be handed on; types, sources, tests and pages stay behind. */
const RUN = /\.([cm]?js|json|node|wasm)$/;
const LEGAL = /^(licen[cs]e|notice|copying|authors)/i;
/** For another C library than Debian's. */
const FOREIGN_BINARY = /musl[^/]*\.node$/;
const NOT_RUN_FOLDERS = new Set([
  'test',
  'tests',
  '__tests__',
  'docs',
  'examples',
  'benchmark',
  'benchmarks',
  'integration',
]);

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean; readonly link?: boolean }>
  >;
}

/** Folders under `root` of the packages that the bridge runs with, as the lock file has them; those of other platforms are not there. */
export function productionModules(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, link }]) => path.startsWith('node_modules/') && !link && !dev && !devOptional)
    .filter(([path]) => existsSync(join(root, path)))
    .map(([path]) => path);
}

/** Copies one package, without what is not run and without binaries for other machines. */
export function copyModule(root: string, path: string, target: string): void {
  const from = join(root, path);
  cpSync(from, join(target, path), {
    recursive: true,
    filter: (source) => {
      const [relative, name] = [source.slice(from.length + 1), source.slice(dirname(source).length + 1)];
      if (relative === '') return true;
      // A package inside a package has a line of its own in the lock file.
      if (relative.split(sep).includes('node_modules')) return false;
      if (statSync(source).isDirectory()) return !NOT_RUN_FOLDERS.has(name) && !isForeign(source);
      return LEGAL.test(name) || (RUN.test(name) && !FOREIGN_BINARY.test(name));
    },
  });
  tidy(join(target, path));
}

/** `prebuilds/darwin-arm64`: packages that ship a binary for each platform name its folder so. */
function isForeign(folder: string): boolean {
  const platform = /[/\\]prebuilds[/\\](\w+-\w+)$/.exec(folder)?.[1];
  return platform !== undefined && platform !== `${process.platform}-${process.arch}`;
}

/** Removes folders that nothing is left in, and gives files the mode of a package. @returns whether this folder is gone. */
function tidy(folder: string): boolean {
  const left = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => !(entry.isDirectory() && tidy(join(folder, entry.name))),
  );
  for (const entry of left) if (entry.isFile()) chmodSync(join(folder, entry.name), 0o644);
  if (left.length === 0) rmSync(folder, { recursive: true });
  return left.length === 0;
}
