import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { Configuration, RELOAD_OPERATION } from '../../src/cli/configuration.ts';
import type { BridgeConfig } from '../../src/config/bridge-config.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load-config.ts';
import type { Changes } from '../../src/service/reload.ts';
import { fakeFactories } from '../support/fake-factories.ts';

const GOOD = `
receivers: {couic: {}}
exporters: {prometheus: {}}
service: {pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}}
`;
let text: string;
let lines: string[];
let states: string[];
let taken: BridgeConfig[];
let work: () => Promise<Changes>;
const NONE: Changes = { added: [], changed: [], removed: [] };

function load(): LoadedConfig {
  return loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => text, factories: fakeFactories });
}

function configuration() {
  const logger = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line).msg) });
  const manager = {
    reloading: () => void states.push('reloading'),
    ready: (but?: string) => void states.push(`ready ${but ?? ''}`.trim()),
  };
  return new Configuration({
    load,
    loaded: load(),
    chosen: 'c.yaml',
    logger,
    clock: { now: () => 0, monotonic: () => 0 },
    manager,
    onLoaded: () => {},
    onTaken: ({ config }) => void taken.push(config),
  });
}

const service = { reload: () => work() };

beforeEach(() => {
  text = GOOD;
  lines = [];
  states = [];
  taken = [];
  work = async () => NONE;
});

test('what is asked for before the bridge runs is done once it does, and several at once are one', async () => {
  const made = configuration();
  let reloads = 0;
  work = async () => {
    reloads++;
    return { ...NONE, changed: ['exporter prometheus'], removed: ['receiver b'] };
  };
  const asked = [made.reload(), made.reload(), made.operations[RELOAD_OPERATION]!(null)];
  expect(states).toEqual([]);
  made.running(service);
  expect(await Promise.all(asked)).toEqual(
    Array(3).fill('Reloaded c.yaml: changed exporter prometheus; removed receiver b'),
  );
  expect(reloads).toBe(1);
  expect(states).toEqual(['reloading', 'ready']);
  expect(taken).toHaveLength(1);
});

test('a wrong file changes nothing and says why: in the log, to systemd, to who asked, to doctor', async () => {
  const made = configuration();
  made.running(service);
  text = GOOD.replace('exporters: [prometheus]', 'exporters: [prometeus]');
  const why =
    'c.yaml:4: service.pipelines.metrics.exporters[0]: "prometeus" is not defined under exporters (did you mean "prometheus"?)';
  await expect(made.reload()).rejects.toThrow(why);
  expect(lines).toContain(why);
  expect(states).toEqual(['reloading', `ready the configuration was not reloaded: ${why}`]);
  expect(taken).toEqual([]);
  const [written, last] = await made.examine();
  expect(written).toMatchObject({ level: 'failure', message: expect.stringContaining(why) });
  expect(last?.message).toContain('the last reload, 1970-01-01T00:00:00.000Z, changed nothing');
  text = GOOD;
  await made.reload();
  expect(await made.examine()).toMatchObject([{ level: 'ok' }]);
});

test('doctor hears that what is written is newer than what runs', async () => {
  const made = configuration();
  expect(await made.examine()).toMatchObject([{ level: 'ok', message: expect.stringContaining('read 1970') }]);
  text = `${GOOD}  # only words\n`;
  expect(await made.examine()).toMatchObject([{ level: 'ok' }]);
  text = GOOD.replace('service: {', 'service: {shutdown_timeout: 5s, ');
  expect(await made.examine()).toMatchObject([{ level: 'warning', message: expect.stringContaining('older') }]);
});
