import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** Packs what is built, as `npm install` takes it from a file. @returns the tarball's path. */
export function packNpm(root: string, target: string, ...options: readonly string[]): string {
  mkdirSync(target, { recursive: true });
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', target, ...options];
  const [{ filename }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  return join(target, filename);
}

/** The files of that tarball, relative to the root: what the Debian package carries of the project itself. */
export function packedFiles(root: string): string[] {
  const args = ['pack', '--ignore-scripts', '--dry-run', '--json'];
  const [{ files }] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  return (files as { path: string }[]).map(({ path }) => path);
}
