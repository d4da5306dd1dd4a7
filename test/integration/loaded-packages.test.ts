import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const ROOT = new URL('../../', import.meta.url).pathname;
const DEPENDENCIES = Object.keys(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).dependencies);

/** Everything listens where there is room. */
const ANYWHERE = [
  'receivers.couic.endpoint=127.0.0.1:0',
  'exporters.prometheus.endpoint=127.0.0.1:0',
  'extensions.health_check.endpoint=127.0.0.1:0',
  'extensions.status_page.endpoint=127.0.0.1:0',
];

let folder: string;
let app: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-loaded-'));
});
afterEach(async () => {
  app?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** Starts the built bridge and ends it when it is ready. @returns those of its dependencies that were loaded by then. */
async function loadedBy(config: string, sets: readonly string[]): Promise<string[]> {
  const list = join(folder, 'loaded');
  const hooks = `import { appendFileSync } from 'node:fs';
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n');
      return next(url, context);
    }`;
  // CommonJS that CommonJS asks for does not pass the hooks of Node 20.
  const hook = `import { appendFileSync } from 'node:fs';
    import Module, { register } from 'node:module';
    register(${JSON.stringify(dataUrl(hooks))});
    process.on('exit', () => appendFileSync(${JSON.stringify(list)}, Object.keys(Module._cache).join('\\n')));`;
  const all = [`extensions.file_storage.directory=${join(folder, 'state')}`, ...sets].flatMap((set) => ['--set', set]);
  app = spawn(
    process.execPath,
    ['--import', dataUrl(hook), join(ROOT, 'dist/src/main.js'), '--config', config, ...all],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exit = once(app, 'exit');
  let log = '';
  for await (const text of app.stdout!.setEncoding('utf8')) {
    log += text;
    if (log.includes('Ready: reports are accepted')) break;
  }
  expect(log).toContain('Ready: reports are accepted');
  app.kill('SIGTERM');
  await exit;
  const urls = readFileSync(list, 'utf8');
  return DEPENDENCIES.filter((name) => urls.includes(`/node_modules/${name}/`)).sort();
}

function dataUrl(source: string): string {
  return `data:text/javascript,${encodeURIComponent(source)}`;
}

/** What every bridge needs: the configuration, the ledger's metrics, a listener, the log. */
const ALWAYS = [
  '@opentelemetry/api',
  '@opentelemetry/core',
  '@opentelemetry/resources',
  '@opentelemetry/sdk-metrics',
  'eventemitter3',
  'fastify',
  'fs-native-extensions',
  'pino',
  'yaml',
  'zod',
];

test('the shipped configuration loads no library of a component that it does not have, and no client', async () => {
  const loaded = await loadedBy(join(ROOT, 'otel-config.yaml'), ANYWHERE);
  const ofItsOwn = ['@opentelemetry/exporter-prometheus', 'pino-pretty'];
  expect(loaded).toEqual([...ALWAYS, ...ofItsOwn].sort());
});

test('what is configured is loaded', async () => {
  const config = join(folder, 'otel-config.yaml');
  await writeFile(
    config,
    `
receivers:
  couic: {endpoint: "127.0.0.1:0"}
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
exporters:
  otlp_http: {endpoint: "http://127.0.0.1:9"}
  prometheusremotewrite: {endpoint: "http://127.0.0.1:9/api/v1/write"}
extensions: {file_storage: {directory: x}}
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [couic, otlp], exporters: [otlp_http, prometheusremotewrite]}}
  telemetry: {logs: {encoding: json}}
`,
  );
  const loaded = await loadedBy(config, []);
  const ofItsOwn = ['@bufbuild/protobuf', '@grpc/grpc-js', '@opentelemetry/otlp-transformer', 'snappy', 'undici'];
  expect(loaded).toEqual([...ALWAYS, ...ofItsOwn].sort());
});
