import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { systemClock } from '../../src/clock.ts';
import { factories } from '../../src/components.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { Service } from '../../src/service/service.ts';
import { runCli } from '../support/cli.ts';
import { bodyOf } from '../support/ledger.ts';

let directory: string;
let yaml: string;
let service: Service;
let url: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'events-'));
  yaml = `
receivers: {couic: {endpoint: 127.0.0.1:0}}
exporters: {prometheus: {endpoint: 127.0.0.1:0}, file: {path: ${directory}/events.json}, elasticsearch: {endpoint: 'http://127.0.0.1:1'}}
extensions: {file_storage: {directory: "${directory}/data"}}
service:
  extensions: [file_storage]
  pipelines:
    metrics: {receivers: [couic], exporters: [prometheus]}
    logs: {receivers: [couic], exporters: [file, elasticsearch]}
`;
  const { config } = loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => yaml, factories });
  const log: string[] = [];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line).msg) });
  service = await Service.create({ config, logger, clock: systemClock, version: '1.2.3' });
  await service.start();
  url = /http:\S+/.exec(log.find((line) => line.startsWith('Listening for reports'))!)![0];
});
afterEach(async () => {
  await service.shutdown();
  await rm(directory, { recursive: true });
});

const events = (...args: string[]) => runCli(['events', ...args], commands, { files: { 'c.yaml': yaml }, factories });

it('shows where events go, what waits and why, while the bridge runs and after', async () => {
  expect((await fetch(url, { method: 'POST', body: bodyOf([{ cidr: '192.0.2.7/32' }]) })).status).toBe(200);
  await expect
    .poll(async () => (await events('--config', 'c.yaml')).out, { timeout: 20_000 })
    .toMatch(/ {2}http:\/\/127\.0\.0\.1:1 is not reached: .*ECONNREFUSED/);
  const { code, out } = await events('status', '--config', 'c.yaml');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^file: to \S+\/events\.json; entries of the log to be looked at: \d+; refused events that are kept: 0$/m,
  );
  expect(out).toMatch(/^elasticsearch: to http:\/\/127\.0\.0\.1:1; entries of the log to be looked at: [1-9]\d*;/m);
  expect(out).toMatch(/^ {2}the oldest event that is being sent is \d+\.\d s old$/m);
  expect(await events('refused', '--config', 'c.yaml')).toEqual({ code: 0, out: '', err: 'No event was refused.\n' });
  await service.shutdown();
  const after = await events('--config', 'c.yaml');
  expect(after).toMatchObject({ code: 0, err: '' });
  expect(after.out).toMatch(/^elasticsearch: .* to be looked at: [1-9]/m);
});

it('says so when nobody gets events, and what it does not know', async () => {
  await service.shutdown();
  yaml = yaml.replace(/^ {4}logs:.*\n/m, '');
  expect(await events('--config', 'c.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no exporter is in a logs pipeline: service::pipelines::logs says which get events'),
  });
  expect(await events('resend', '--config', 'c.yaml')).toMatchObject({
    code: 2,
    err: expect.stringContaining('events resend: expected status or refused'),
  });
});
