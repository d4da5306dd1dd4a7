import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commands } from '../../../../src/cli/commands.ts';
import { systemClock } from '../../../../src/clock.ts';
import { factories } from '../../../../src/components.ts';
import { loadConfig } from '../../../../src/config/load-config.ts';
import { ownMetrics } from '../../../../src/service/own-metrics.ts';
import { Service } from '../../../../src/service/service.ts';
import { runCli } from '../../../support/cli.ts';
import { until } from '../../../support/fake-time.ts';
import { LapiServer } from '../../../support/lapi/server.ts';
import { bodyOf } from '../../../support/ledger.ts';

const REFUSAL = { kind: 'status', status: 422, body: '{"message":"validation failure list:\\nno"}' } as const;

let lapi: LapiServer;
let directory: string;
let yaml: string;
let service: Service | undefined;
let log: string[];
beforeEach(async () => {
  lapi = await new LapiServer().start();
  directory = await mkdtemp(join(tmpdir(), 'windows-'));
  yaml = `
receivers: {couic: {endpoint: 127.0.0.1:0}}
exporters:
  crowdsec: {endpoint: "${lapi.url}", api_key: test-key, interval: 1s, heartbeat: false, name: first}
extensions: {file_storage: {directory: "${directory}/data"}}
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [couic], exporters: [crowdsec]}}
`;
});
afterEach(async () => {
  await service?.shutdown();
  await lapi.stop();
  await rm(directory, { recursive: true });
});

/** Starts a bridge in this process. @returns where it takes reports. */
async function startBridge(): Promise<string> {
  const { config } = loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => yaml, factories });
  log = [];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line).msg) });
  const metrics = ownMetrics(factories);
  service = await Service.create({ config, logger, clock: systemClock, version: '1.2.3', metrics });
  await service.start();
  return /http:\S+/.exec(log.find((line) => line.startsWith('Listening for reports'))!)![0];
}

const run = (...args: string[]) => runCli(args, commands, { files: { 'c.yaml': yaml }, factories });
const windows = (...args: string[]) => run('windows', ...args, '--config', 'c.yaml');

/** One window that LAPI refuses, and the next one that it takes. */
async function refuseOne(): Promise<void> {
  const url = await startBridge();
  lapi.faults.push(REFUSAL);
  const report = (cidr: string) => fetch(url, { method: 'POST', body: bodyOf([{ policy: 'ignore', cidr }]) });
  await report('10.0.0.1/32');
  await until(() => lapi.bodies.length === 1);
  await report('10.0.0.2/32');
  await until(() => lapi.pushes.length === 1);
  await until(() => log.includes('Window 2 was taken by LAPI'));
}

describe.each(['runs', 'is stopped'])('while the bridge %s', (state) => {
  it('lists what was refused, shows it, and puts it back', async () => {
    await refuseOne();
    if (state === 'is stopped') await service!.shutdown();

    const list = await windows();
    expect(list.err).toBe('');
    expect(list.out).toMatch(
      /^crowdsec: 2 sealed so far, 0 waiting, 1 refused; the last was taken at \d{4}-\S+Z\n {2}window {2}state {8}sealed {16}items {2}bytes {2}reason\n {2}1 {7}quarantined {2}\S+Z {2}1 {6}\d+ {4}422 validation failure list: no\n$/,
    );
    const shown = await windows('show', '1');
    expect(shown.err).toMatch(
      /^Window 1, quarantined, sealed at \S+Z, \d+ bytes; LAPI said: 422 validation failure list: no\n$/,
    );
    expect(JSON.parse(shown.out)).toEqual(JSON.parse(lapi.bodies[0]!));

    expect(await windows('show', '2')).toMatchObject({
      code: 1,
      err: 'couic-otel-bridge: there is no window 2 that waits or is quarantined\n',
    });
    const resent = await windows('resend', '1');
    const when = state === 'runs' ? 'It is being sent.' : 'It will be sent when the bridge runs.';
    expect(resent).toEqual({ code: 0, out: `Window 1 of crowdsec is back in the outbox. ${when}\n`, err: '' });
    if (state === 'is stopped') {
      expect((await windows('resend', '1')).err).toContain('window 1 waits already');
      expect((await windows('show', '1')).err).toMatch(/^Window 1, waiting, sealed at \S+Z, \d+ bytes\n$/);
      await startBridge();
    }
    await until(() => lapi.pushes.length === 2);
    expect(lapi.bodies.at(-1)).toBe(lapi.bodies[0]);
    expect(lapi.counts()['']).toEqual({ processed: { report: 2 } });
  });
});

it('asks a bridge by its state alone', async () => {
  await startBridge();
  const { out } = await run('windows', 'list', '--state', join(directory, 'data'));
  expect(out).toBe('crowdsec: 0 sealed so far, 0 waiting, 0 refused; none was taken yet\n');
  await service!.shutdown();
  expect(await run('windows', 'list', '--state', join(directory, 'data'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('no bridge runs on'),
  });
});

it('wants to know which exporter, when there are several', async () => {
  yaml = yaml
    .replace('  crowdsec: {', `  crowdsec/b: {dry_run: true}\n  crowdsec: {`)
    .replace('exporters: [crowdsec]', 'exporters: [crowdsec, crowdsec/b]');
  await startBridge();
  expect((await windows()).out.split('\n').map((line) => line.split(':')[0])).toEqual(['crowdsec/b', 'crowdsec', '']);
  expect((await windows()).out).toContain('none was taken yet; dry run, nothing is sent');
  expect(await windows('show', '1')).toMatchObject({
    code: 2,
    err: expect.stringContaining('say which, --exporter crowdsec/b or crowdsec'),
  });
  expect((await windows('show', '1', '--exporter', 'crowdsec/b')).err).toContain('there is no window 1');
  expect((await windows('--exporter=crowdsec/b', 'show', '1')).err).toContain('there is no window 1');
  expect((await windows('list', '--exporter', 'x')).err).toContain(
    '"x" has no windows; these have: crowdsec/b, crowdsec',
  );
});

it('says what it wants', async () => {
  expect((await windows('eat')).err).toContain('windows eat: expected list, show N or resend N');
  expect((await windows('show')).err).toContain('windows show needs the number of a window');
  expect(await windows()).toMatchObject({
    code: 1,
    err: expect.stringContaining('/data holds no state: no bridge has run on it yet'),
  });
  expect((await run('windows', '--state', directory, '--config', 'c.yaml')).err).toContain('does not go with --state');
});

it('refuses two exporters with one key before anything starts', async () => {
  yaml = yaml
    .replace('  crowdsec: {', `  crowdsec/b: {endpoint: "${lapi.url}/", api_key: test-key}\n  crowdsec: {`)
    .replace('exporters: [crowdsec]', 'exporters: [crowdsec, crowdsec/b]');
  expect(await run('validate', '--config', 'c.yaml')).toEqual({
    code: 2,
    out: '',
    err: 'c.yaml:5: exporters.crowdsec: has the key of "crowdsec/b": LAPI would take both for one bouncer, and cscli some of their counts for one. Make a key for each: cscli bouncers add NAME\n',
  });
});
