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
  directory = await mkdtemp(join(tmpdir(), 'limits-'));
  yaml = `
receivers: {couic: {endpoint: 127.0.0.1:0}}
exporters: {prometheus: {endpoint: 127.0.0.1:0}}
extensions: {file_storage: {directory: "${directory}/data"}}
service:
  extensions: [file_storage]
  attribute_limits: {tags: 2}
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

const limits = (...args: string[]) => runCli(['limits', ...args], commands, { files: { 'c.yaml': yaml }, factories });

it('shows how full the bounds of each Couic are, fullest first, while the bridge runs and after', async () => {
  expect(await limits('--config', 'c.yaml')).toEqual({ code: 0, out: '', err: 'No Couic has sent a report yet.\n' });
  const body = bodyOf(['a', 'b', 'c'].map((tag, i) => ({ tag, cidr: `10.0.0.${i}/32` })));
  expect((await fetch(url, { method: 'POST', body })).status).toBe(200);
  const shown = await limits('--config', 'c.yaml');
  expect(shown).toMatchObject({ code: 0, err: '' });
  expect(shown.out.split('\n').slice(0, 3)).toEqual([
    'component  instance  what               used  of      full   beyond  option',
    'couic      couic     tags               2     2       100 %  1       service.attribute_limits.tags',
    'couic      couic     series             3     10000   0 %    0       service.attribute_limits.series',
  ]);
  expect(shown.out).toContain('couic      couic     drop rules ipv4    3     262144  0 %    0       -\n');
  expect(await limits('--state', `${directory}/data`)).toEqual(shown);
  await service.shutdown();
  expect(await limits('--config', 'c.yaml')).toEqual(shown);
});
