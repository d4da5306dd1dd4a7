import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8'));

/**
 * The daemon in few files, one for each component that a configuration may want: a start reads these in a fraction of the time
 * that 400 modules take. What it depends on is not in them, and stays where it can be seen, audited and updated.
 */
export default defineConfig({
  input: { main: 'src/main.ts' },
  platform: 'node',
  external: Object.keys(dependencies).map((name) => new RegExp(`^${name}(/|$)`)),
  output: { dir: 'dist/src', cleanDir: true, sourcemap: true, chunkFileNames: '[name].js' },
});
