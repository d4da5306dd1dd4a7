import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** By the package's own name, since the sources and what is built from them lie at different depths. */
const manifest = createRequire(import.meta.url).resolve('couic-otel-bridge/package.json');

export const VERSION: string = JSON.parse(readFileSync(manifest, 'utf8')).version;

/** The configuration that comes with the package and starts unedited. */
export const SHIPPED_CONFIG: string = join(dirname(manifest), 'otel-config.yaml');
