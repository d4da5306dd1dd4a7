import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LapiServer } from '../support/lapi/server.ts';
import { run } from './tools/command.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

describe('the CrowdSec library with @opentelemetry/sdk-metrics 3, on Node 24', () => {
  let folder: string;
  const lapi = new LapiServer();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'otel3-'));
    await lapi.start();
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
    const packed = await run(
      'npm',
      ['pack', '-w', 'couic-otel-bridge-crowdsec', '--ignore-scripts', '--json', '--pack-destination', folder],
      {
        cwd: ROOT,
      },
    );
    const [{ filename }] = JSON.parse(packed.stdout);
    const packages = [join(folder, filename), '@opentelemetry/sdk-metrics@3', '@opentelemetry/api@1'];
    const installed = await run('npm', ['install', '--no-audit', '--no-fund', '--engine-strict=false', ...packages], {
      cwd: folder,
    });
    expect(installed.code, installed.stderr).toBe(0);
    await copyFile(
      join(ROOT, 'plugins/exporters/crowdsec/library/examples/usage-metrics.mjs'),
      join(folder, 'example.mjs'),
    );
  });

  afterAll(async () => {
    await lapi.stop();
    await rm(folder, { recursive: true, force: true });
  });

  test('runs the example', async () => {
    const env = { ...process.env, CROWDSEC_LAPI_URL: lapi.url, CROWDSEC_LAPI_KEY: 'test-key' };
    const command = 'node -p process.versions.node; node example.mjs';
    const ran = await run('npx', ['-y', '-p', 'node@24', 'sh', '-c', command], { cwd: folder, env });
    expect(ran.stdout).toMatch(/^24\.\d+\.\d+\n0 windows wait for the next run\n$/);
    expect(lapi.counts()).toEqual({
      CAPI: { dropped: { request: 5 }, active_decisions: { ip: 3 } },
      cscli: { dropped: { request: 5 } },
      '': { processed: { request: 100 } },
    });
  });
});
