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
  directory = await mkdtemp(join(tmpdir(), 'quarantine-'));
  yaml = `
receivers: {couic: {endpoint: 127.0.0.1:0}}
exporters: {prometheus: {endpoint: 127.0.0.1:0}}
extensions: {file_storage: {directory: "${directory}/data"}}
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}
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

const quarantine = (...args: string[]) =>
  runCli(['quarantine', ...args], commands, { files: { 'c.yaml': yaml }, factories });

it('shows what was put aside, by its configuration and by its state', async () => {
  expect(await quarantine('--config', 'c.yaml')).toEqual({
    code: 0,
    out: '',
    err: 'No report was put aside.\n',
  });
  const body = bodyOf([{ cidr: '10.0.0.1/33' }, { cidr: '10.0.0.1/32' }]);
  expect(await (await fetch(url, { method: 'POST', body })).json()).toEqual({
    accepted: 1,
    replayed: 0,
    quarantined: 1,
  });
  const shown = await quarantine('--config', 'c.yaml');
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(shown.out)).toEqual({
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    instance: 'couic',
    reason: 'bad_cidr',
    text: bodyOf([{ cidr: '10.0.0.1/33' }]).slice(1, -1),
  });
  expect(await quarantine('--state', `${directory}/data`)).toEqual(shown);
  // Over a restart, too.
  await service.shutdown();
  expect(await quarantine('--config', 'c.yaml')).toEqual(shown);
});
