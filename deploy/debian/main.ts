import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDebianPackage } from './debian-package.ts';
import { packNpm } from './npm-package.ts';

/** `npm run package [-- FOLDER]`: the Debian package and the npm tarballs, of bridge and library, of what was built, without a network. */
const root = join(import.meta.dirname, '../../..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const target = process.argv[2] ?? join(root, 'dist-package');
const scratch = mkdtempSync(join(tmpdir(), 'couic-otel-bridge-package-'));

try {
  process.stdout.write(`${packNpm(root, target)}\n`);
  process.stdout.write(`${packNpm(root, target, '--workspaces')}\n`);
  process.stdout.write(`${makeDebianPackage({ root, target, scratch, version: manifest.version })}\n`);
} catch (error) {
  process.stderr.write(`npm run package: ${(error as Error).message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
