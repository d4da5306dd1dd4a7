import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commands } from '../../../../../src/cli/commands.ts';
import { factories } from '../../../../../src/components.ts';
import { loadConfig } from '../../../../../src/config/load-config.ts';
import { runCli } from '../../../../support/cli.ts';

const SECRET = '550e8400-e29b-41d4-a716-446655440000';
const WEBHOOK = 'https://discord.com/api/webhooks/1174039200416497664/kx9-sEcReT_token';

/** As couic-report comes with its package, filled in. */
const SHIPPED = `
batch_interval_secs = 900

[server]
# Server display name (used in notifications)
name = "production: $erver"
addr = "127.0.0.1"
port = 8000
secret = "${SECRET}"

[thresholds]
orange = 20
red = 200
threshold_min = "orange"

[discord]
webhook_url = "${WEBHOOK}"
`;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'import-'));
});
afterEach(() => rm(directory, { recursive: true }));

const run = (toml: string, ...args: string[]) =>
  runCli(['import-couic-report', 'config.toml', ...args], commands, { files: { 'config.toml': toml }, factories });

function load(yaml: string, env: Record<string, string> = {}) {
  const readFile = (path: string) => (path === 'out.yaml' ? yaml : readFileSync(path, 'utf8'));
  const { config, warnings } = loadConfig({ configs: ['out.yaml'], sets: [], env, readFile, factories });
  const of = (all: readonly { readonly id: string; readonly config: unknown }[], id: string) =>
    all.find((each) => each.id === id)?.config;
  return { warnings, couic: of(config.receivers, 'couic'), digest: of(config.exporters, 'digest') };
}

test('what is printed is a valid configuration that does the same, and holds no secret', async () => {
  const { code, out, err } = await run(SHIPPED);
  expect(code).toBe(0);
  for (const secret of [SECRET, WEBHOOK, 'sEcReT']) expect(out + err).not.toContain(secret);
  const { warnings, couic, digest } = load(out, { COUIC_REPORT_TOKEN: SECRET, COUIC_DISCORD_WEBHOOK_URL: WEBHOOK });
  expect(warnings).toEqual([]);
  expect(couic).toMatchObject({
    endpoint: { host: '127.0.0.1', port: 8000 },
    instances: [{ name: 'couic', token: SECRET }],
  });
  expect(digest).toMatchObject({
    name: 'production: $erver',
    interval: 900_000,
    thresholds: { orange: 20, red: 200, threshold_min: 'orange' },
    notifiers: { discord: [{ webhook_url: WEBHOOK }] },
  });
  expect(err).toContain('- End couic-report, whose port the bridge takes, and start the bridge');
});

test('with --output the secrets are in files that the bridge alone reads, and nothing is written over', async () => {
  const target = join(directory, 'new');
  const { code, out, err } = await run(SHIPPED, '--output', target);
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).not.toContain(SECRET);
  const modes = ['otel-config.yaml', 'couic-report-token', 'discord-webhook-url'].map((name) =>
    (statSync(join(target, name)).mode & 0o777).toString(8),
  );
  expect(modes).toEqual(['640', '600', '600']);
  const yaml = readFileSync(join(target, 'otel-config.yaml'), 'utf8');
  expect(yaml).not.toContain(SECRET);
  expect(load(yaml)).toMatchObject({
    couic: { instances: [{ token: SECRET }] },
    digest: { notifiers: { discord: [{ webhook_url: WEBHOOK }] } },
  });
  writeFileSync(join(target, 'otel-config.yaml'), 'mine');
  expect(await run(SHIPPED, '--output', target)).toMatchObject({
    code: 2,
    err: expect.stringContaining('is there already'),
  });
  expect(readFileSync(join(target, 'otel-config.yaml'), 'utf8')).toBe('mine');
});

test('the least that couic-report starts with has its defaults, and no digest', async () => {
  const { out, err } = await run(`[server]\nsecret = "{${SECRET.toUpperCase().replaceAll('-', '')}}"\naddr = "::1"\n`);
  const { couic, digest } = load(out, { COUIC_REPORT_TOKEN: SECRET });
  expect(couic).toMatchObject({ endpoint: { host: '::1', port: 8000 } });
  expect(digest).toBeUndefined();
  expect(err).toContain('There is no [discord]: couic-report told nobody');
});

test('says what it leaves out', async () => {
  const { out, err } = await run(
    SHIPPED.replace('= 900', '= 172800')
      .replace('[thresholds]', 'colour = 1\n[thresholds]')
      .replace('[discord]', '[slack]\nurl = 1\n[discord]'),
  );
  expect(out).toContain('interval: 24h\n');
  expect(err).toContain('batch_interval_secs = 172800 is longer than the bridge takes: interval is 24h.');
  expect(err).toContain('Not read, by couic-report neither: server.colour, slack.');
});

test.each([
  [SHIPPED.replace('port = 8000', 'port = '), /config\.toml: line 8, column \d+: Invalid TOML document: /],
  [SHIPPED.replace(SECRET, ''), /config\.toml: server\.secret: expected a UUID that is not nil/],
  [SHIPPED.replace(SECRET, '00000000-0000-0000-0000-000000000000'), /server\.secret: expected a UUID that is not nil/],
  [SHIPPED.replace('red = 200', 'red = 20'), /config\.toml: thresholds\.red: must be greater than orange/],
  [SHIPPED.replace('127.0.0.1', '0.0.0.0'), /server\.addr: couic-report takes localhost, 127\.0\.0\.1, ::1 only/],
  ['', /config\.toml: server: couic-report does not start without it/],
])('what couic-report would not start with is refused, without a secret (%#)', async (toml, message) => {
  const { code, out, err } = await run(toml);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(message);
  for (const secret of [SECRET, 'sEcReT']) expect(err).not.toContain(secret);
});

test('says so when there is no file, and what it does not know', async () => {
  const files = {};
  const none = await runCli(['import-couic-report'], commands, { files, factories });
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining('cannot read /etc/couic-report/config.toml') });
  expect(await run(SHIPPED, '--outptu', 'x')).toMatchObject({ code: 2 });
  expect(existsSync(join(directory, 'x'))).toBe(false);
});
