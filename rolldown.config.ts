import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
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
  output: {
    dir: 'dist/src',
    cleanDir: true,
    sourcemap: true,
    // For a process that runs while its files are replaced: with letters for what they export to one another, and numbers for
    // files of one name, it would be given something else, and not be told.
    minifyInternalExports: false,
    chunkFileNames: ({ facadeModuleId, moduleIds }) =>
      moduleIds.length > 0 ? `${nameOf(moduleIds.at(-1)!)}.js` : `${nameOf(facadeModuleId!)}.entry.js`,
  },
});

/** `exporters.debug.exporter` for plugins/exporters/debug/exporter.ts. */
function nameOf(module: string): string {
  return relative(process.cwd(), module)
    .replaceAll(/[/\\]/g, '.')
    .replaceAll(/^(src|plugins)\.|\.ts$/g, '');
}
