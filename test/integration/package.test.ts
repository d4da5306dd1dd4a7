import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = new URL('../..', import.meta.url).pathname;

let folder: string;
let app: ChildProcess | undefined;

/** As in a shell of its own: `npm test` leaves its settings in the environment. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_(package|lifecycle|config_local)/.test(name)),
);

/** Packs what `npm test` has built, and installs it where nothing else is. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-package-'));
  const packed = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    env,
  });
  const [{ filename }] = JSON.parse(packed.stdout);
  // Strict about engines: no dependency may want a newer Node than we say we need.
  const options = ['--engine-strict', '--prefer-offline', '--no-audit', '--no-fund', '--omit=dev'];
  await run('npm', ['install', '--prefix', folder, ...options, join(folder, filename)], { cwd: folder, env });
}, 120_000);

afterAll(async () => {
  app?.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const npx = (...args: string[]) => run('npx', ['couic-otel-bridge', ...args], { cwd: folder, env });

test('runs in an empty folder with the configuration that came with it', async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
  expect((await npx('--version')).stdout).toBe(`couic-otel-bridge ${version}\n`);
  expect((await npx('validate')).stdout).toMatch(
    /^The configuration is valid: .*\/node_modules\/couic-otel-bridge\/otel-config\.yaml, which came with the package/,
  );
});

test('brings nothing that an earlier version built beside', async () => {
  expect(await readdir(join(folder, 'node_modules/couic-otel-bridge/dist'))).toEqual(['src']);
});

/** What stays in the repository: whoever wants it reads it there. */
const LEFT_OUT = /^(src|test|docs\/images)\/|^plugins\/.*\.ts$|^CONTRIBUTING\.md$/;

test('has every page, file and example that its pages point to', async () => {
  const root = join(folder, 'node_modules/couic-otel-bridge');
  const pages = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.md'));
  const missing: string[] = [];
  for (const page of pages) {
    for (const [, target] of (await readFile(join(root, page), 'utf8')).matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
      const file = join(dirname(page), target as string);
      if (!LEFT_OUT.test(file) && !existsSync(join(root, file))) missing.push(`${page}: ${target}`);
    }
  }
  expect(pages).toContain('plugins/exporters/crowdsec/library/README.md');
  expect(missing).toEqual([]);
});

test('takes a report, shows it, and logs the window when it is stopped', async () => {
  const anyPort = ['receivers.couic', 'exporters.prometheus', 'extensions.health_check'];
  const args = anyPort.flatMap((component) => ['--set', `${component}.endpoint=127.0.0.1:0`]);
  app = spawn(join(folder, 'node_modules/.bin/couic-otel-bridge'), args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let log = '';
  app.stdout?.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const exit = once(app, 'exit');
  await expect.poll(() => log, { timeout: 20_000 }).toContain('Ready: reports are accepted');

  const batch = await readFile(join(ROOT, 'test/testdata/couic-batch.json'));
  const reports = /Listening for reports on (http:\S+)/.exec(log)?.[1] as string;
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(reports, { method: 'POST', body: batch, headers });
  expect([answer.status, await answer.json()]).toEqual([200, { accepted: 3, replayed: 0, quarantined: 0 }]);

  const scrape = await (await fetch(/Metrics are at (http:\S+)/.exec(log)?.[1] as string)).text();
  expect(scrape.match(/^couic_reports_total\{.*\} 1$/gm)).toHaveLength(3);

  app.kill('SIGTERM');
  expect(await exit).toEqual([0, null]);
  expect(log).toContain('Received 3 reports from Couic');
  expect(log).toMatch(/Dry run: .*"name":"processed","value":3,"unit":"report"/);
  expect(log.trimEnd()).toMatch(/INFO: Stopped$/);
});
