import { execFile } from 'node:child_process';
import { lstatSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LapiServer } from '../../../../support/lapi/server.ts';

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, '../../../../..');
const NAME = 'couic-otel-bridge-crowdsec';
const lapi = new LapiServer();
let folder: string;

/** As in a shell of its own: `npm test` leaves its settings in the environment. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local)/.test(name)),
);

/** Packs what was built, and installs it where nothing else is. */
beforeAll(async () => {
  await lapi.start();
  folder = await mkdtemp(join(tmpdir(), 'crowdsec-package-'));
  const pack = ['pack', '-w', NAME, '--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse((await run('npm', pack, { cwd: ROOT, env })).stdout);
  const options = ['--engine-strict', '--prefer-offline', '--no-audit', '--no-fund'];
  const packages = [join(folder, filename), '@opentelemetry/api@1.9.1', '@opentelemetry/sdk-metrics@2.12.0'];
  await run('npm', ['install', '--prefix', folder, ...options, ...packages], { cwd: folder, env });
}, 120_000);

afterAll(async () => {
  await lapi.stop();
  await rm(folder, { recursive: true, force: true });
});

test('is small: the SDK, undici and itself', async () => {
  const modules = join(folder, 'node_modules');
  const names = await readdir(modules, { recursive: true });
  const bytes = names.reduce((sum, name) => sum + lstatSync(join(modules, name)).size, 0);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(bytes).toBeLessThan(25_000_000);
  const packages = names.filter((name) => /^(@[^/]+\/)?[^@./][^/]*$/.test(name)).sort();
  expect(packages).toEqual([
    '@opentelemetry/api',
    '@opentelemetry/core',
    '@opentelemetry/resources',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/semantic-conventions',
    NAME,
    'undici',
  ]);
});

test('shows its own page, whose example and that of the folder compile in strict TypeScript', async () => {
  const own = join(folder, 'node_modules', NAME);
  const page = await readFile(join(own, 'README.md'), 'utf8');
  expect(page).toContain(`npm install ${NAME} `);
  const programs = join(folder, 'programs');
  await mkdir(programs);
  await cp(join(own, 'examples'), programs, { recursive: true });
  const blocks = [...page.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code as string);
  expect(blocks.length).toBeGreaterThan(0);
  for (const [index, code] of blocks.entries()) await writeFile(join(programs, `page-${index}.mts`), code);
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noImplicitReturns: true,
    allowJs: true,
    checkJs: true,
    noEmit: true,
    skipLibCheck: false,
    module: 'NodeNext',
    target: 'ES2023',
    types: ['node'],
    typeRoots: [join(ROOT, 'node_modules/@types')],
  };
  await writeFile(join(programs, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['.'] }));
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['-p', programs], { cwd: folder }).catch((error) => error);
  expect(stdout).toBe('');
});

const IMPORTED = `import { CrowdSecUsageMetricsExporter, memoryOutbox } from '${NAME}';
export const options: ConstructorParameters<typeof CrowdSecUsageMetricsExporter>[0] = {
  component: { name: 'common', type: 'common', version: '1.0', feature_flags: [] },
  outbox: memoryOutbox(),
  mapping: () => undefined,
};
`;
const DYNAMIC = `export const made = async () => (await import('${NAME}')).memoryOutbox();\n`;

test.each([
  [['--module', 'nodenext'], IMPORTED, ''],
  [['--module', 'node20'], IMPORTED, ''],
  [['--module', 'commonjs', '--moduleResolution', 'bundler'], IMPORTED, ''],
  [['--module', 'node18'], IMPORTED, 'TS1479'],
  [['--module', 'node16'], IMPORTED, 'TS1479'],
  [['--module', 'node18'], DYNAMIC, ''],
  [['--module', 'node16'], DYNAMIC, ''],
])('TypeScript that becomes CommonJS with %j, as its page says', async (options, code, refusal) => {
  const file = join(folder, 'common.cts');
  await writeFile(file, code);
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  const args = [
    '--noEmit',
    '--ignoreConfig',
    '--skipLibCheck',
    '--strict',
    '--target',
    'es2023',
    ...types,
    ...options,
    file,
  ];
  const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), args, { cwd: folder }).catch((error) => error);
  if (refusal === '') expect(stdout).toBe('');
  else expect(stdout).toContain(refusal);
  const page = await readFile(join(folder, 'node_modules', NAME, 'README.md'), 'utf8');
  expect(page).toContain(`"${options[1]}"`);
});

const COMMON_JS = `
const { MeterProvider, PeriodicExportingMetricReader } = require('@opentelemetry/sdk-metrics');
const { CrowdSecUsageMetricsExporter, fileOutbox } = require('${NAME}');
const exporter = new CrowdSecUsageMetricsExporter({
  endpoint: process.env.CROWDSEC_LAPI_URL,
  apiKey: process.env.CROWDSEC_LAPI_KEY,
  component: { name: 'common', type: 'common', version: '1.0', feature_flags: [] },
  outbox: fileOutbox('./common-outbox'),
  mapping: ({ attributes }) => ({ name: 'dropped', unit: 'request', labels: { origin: attributes.origin } }),
});
const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] });
provider.getMeter('m').createCounter('blocked').add(4, { origin: 'common' });
provider.shutdown().then(() => console.log('told', exporter.outbox.size));
`;

test('runs its example, and from CommonJS', async () => {
  const settings = { CROWDSEC_LAPI_URL: lapi.url, CROWDSEC_LAPI_KEY: 'test-key', OUTBOX: join(folder, 'outbox') };
  const options = { cwd: folder, env: { ...env, ...settings } };
  const example = await run(process.execPath, [join(folder, 'programs/usage-metrics.mjs')], options);
  expect(example.stdout).toBe('0 windows wait for the next run\n');
  await writeFile(join(folder, 'common.cjs'), COMMON_JS);
  const common = await run(process.execPath, ['common.cjs'], options);
  expect(common).toEqual({ stdout: 'told 0\n', stderr: '' });
  expect(lapi.counts()).toMatchObject({ CAPI: { dropped: { request: 5 } }, common: { dropped: { request: 4 } } });
});
