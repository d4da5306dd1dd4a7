import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** What is built from what, and a file that tells when. */
const BUILDS = [
  { script: 'build', from: ['src', 'plugins'], built: 'dist/src/main.js' },
  {
    script: 'build:simulators',
    from: ['src', 'plugins', 'test/support', 'test/faults/crash'],
    built: 'dist-test/.tsbuildinfo',
  },
];

/** Some tests start what is built: before the first of them, builds whatever is older than its sources. */
export default function freshBuild(): void {
  for (const { script, from, built } of BUILDS) {
    if (existsSync(built) && statSync(built).mtimeMs >= newest(from)) continue;
    execFileSync('npm', ['run', '--silent', script], { stdio: 'inherit' });
    // A compiler that has nothing to write leaves its files as old as they are.
    const now = new Date();
    utimesSync(built, now, now);
  }
}

function newest(folders: readonly string[]): number {
  const sources = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !/(^|\/)(dist|node_modules)\//.test(file))
      .map((file) => join(folder, file)),
  );
  return Math.max(
    ...['package.json', 'tsconfig.json', 'rolldown.config.ts', ...sources].map((file) => statSync(file).mtimeMs),
  );
}
