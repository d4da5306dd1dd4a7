import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../../../../src/clock.ts';
import { factories } from '../../../../../src/components.ts';
import { type LoadedConfig, loadConfig } from '../../../../../src/config/load-config.ts';
import type { ConfigError } from '../../../../../src/config/problem.ts';
import { renderConfig } from '../../../../../src/config/render-config.ts';
import { ownMetrics } from '../../../../../src/service/own-metrics.ts';
import { Service } from '../../../../../src/service/service.ts';
import { LapiServer } from '../../../../support/lapi/server.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'per-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const METRICS = 'metrics: [{match: blocked, item: dropped, origin: gate}]';
const BOTH = `per: service.instance.id, ${METRICS}, keys: {"10.0.0.1:8405": key-one, gate-2: key-two}`;

function load(options: string): LoadedConfig {
  const text = `
receivers: {otlp: {protocols: {http: {endpoint: 127.0.0.1:0}}}}
exporters: {crowdsec/gates: {${options}}, prometheus: {endpoint: 127.0.0.1:0}}
extensions: {file_storage: {directory: "${directory}/data"}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [otlp], exporters: [crowdsec/gates, prometheus]}}}
`;
  return loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => text, factories });
}

function problems(options: string): string[] {
  try {
    return load(options).warnings.map(({ message }) => message);
  } catch (error) {
    return (error as ConfigError).message.split('\n').map((line) => line.replace(/^c\.yaml:3: exporters\./, ''));
  }
}

test('a section is an exporter for each value, wherever it stands; it is printed as it was written, without keys', () => {
  const loaded = load(BOTH);
  expect(loaded.config.exporters.map(({ id }) => id)).toEqual([
    'crowdsec/gates/10.0.0.1:8405',
    'crowdsec/gates/gate-2',
    'prometheus',
  ]);
  expect(loaded.config.exporters.map(({ config }) => (config as { api_key?: string }).api_key)).toEqual([
    'key-one',
    'key-two',
    undefined,
  ]);
  expect(loaded.config.service.pipelines.metrics!.exporters).toEqual(loaded.config.exporters.map(({ id }) => id));
  expect(loaded.secrets).toEqual(expect.arrayContaining(['key-one', 'key-two']));
  const printed = renderConfig(loaded);
  expect(printed).toContain('crowdsec/gates:\n');
  expect(printed).not.toMatch(/key-(one|two)|gates\/gate-2/);
});

test('keys from a file, which are secrets too', () => {
  const file = join(directory, 'keys.yaml');
  writeFileSync(file, 'gate-1: "key-one"\ngate-2: "key-two"\n');
  const { config, secrets } = load(`per: service.instance.id, ${METRICS}, keys_file: "${file}"`);
  expect(config.exporters.map(({ id }) => id)).toEqual([
    'crowdsec/gates/gate-1',
    'crowdsec/gates/gate-2',
    'prometheus',
  ]);
  expect(secrets).toEqual(expect.arrayContaining(['key-one', 'key-two']));
});

test.each([
  ['', 'holds no map: expected lines as in "gate-1": "KEY"'],
  ['top-secret', 'holds no map: expected lines as in "gate-1": "KEY"'],
  ['gate: "top-secret', 'holds no map: expected lines as in "gate-1": "KEY"'],
  ['gate: 12345', 'has a key that is no text: put keys in quotes'],
  ['gate: "top secret"', ': the key of "gate" has characters that no key has, perhaps a line break'],
  ['gate one: "top-secret"', ': "gate one" cannot be a part of a name: it has a space or a symbol'],
])('a file of keys with %j is refused, and not shown', (text, message) => {
  const file = join(directory, 'keys.yaml');
  writeFileSync(file, text);
  const said = problems(`per: service.instance.id, ${METRICS}, keys_file: "${file}"`);
  expect(said).toEqual([expect.stringContaining(`crowdsec/gates: keys_file: ${file}`)]);
  expect(said[0]).toContain(message);
  expect(said.join()).not.toMatch(/top.secret|12345/);
});

test.each([
  [
    `per: a, ${METRICS}`,
    'crowdsec/gates.per: needs keys or keys_file, one of them: cscli bouncers add NAME for each value',
  ],
  [
    `per: a, ${METRICS}, keys: {x: y}, keys_file: z`,
    'crowdsec/gates.per: needs keys or keys_file, one of them: cscli bouncers add NAME for each value',
  ],
  [`per: a, ${METRICS}, keys: {}`, 'crowdsec/gates.keys: holds no key'],
  ['per: a, keys: {x: y}', 'crowdsec/gates.per: needs metrics: Couic instances are told apart by instances'],
  [
    `per: a, ${METRICS}, keys: {x: y}, api_key: z`,
    'crowdsec/gates.api_key: leave it out: with per each value has a key of its own',
  ],
  [`api_key: z, keys: {x: y}`, 'crowdsec/gates.keys: goes with per, which says of what these are the keys'],
  [
    `per: a, ${METRICS}, keys: {${Array.from({ length: 101 }, (_, n) => `k${n}: key${n}`)}}`,
    'crowdsec/gates.keys: takes at most 100 keys',
  ],
  [
    `per: a, ${METRICS}, keys: {x: same, y: same}`,
    expect.stringContaining('crowdsec/gates/y: has the key of "crowdsec/gates/x"'),
  ],
  [
    `per: a, ${METRICS}, keys_file: ${'/nowhere/keys'}`,
    'crowdsec/gates: keys_file: cannot read /nowhere/keys: no such file',
  ],
])('%.60s is refused', (options, message) => {
  expect(problems(options)).toContainEqual(message);
});

test('each bouncer tells of its own, and what has no key is named', async () => {
  const lapi = await new LapiServer({ keys: { 'key-one': 'first', 'key-two': 'second' } }).start();
  const log: string[] = [];
  const logger = pino({}, { write: (line) => log.push(JSON.parse(line).msg) });
  const { config } = load(`endpoint: "${lapi.url}", interval: 1s, heartbeat: false, ${BOTH}`);
  const service = await Service.create({
    config,
    logger,
    clock: systemClock,
    version: '1.2.3',
    metrics: ownMetrics(factories),
  });
  try {
    await service.start();
    const url = /http:\S+\/v1\/metrics/.exec(log.find((line) => line.startsWith('Listening for metrics'))!)![0];
    const resourceMetrics = [
      ['10.0.0.1:8405', 3],
      ['gate-2', 5],
      ['other', 7],
    ].map(([id, asInt]) => ({
      resource: { attributes: [{ key: 'service.instance.id', value: { stringValue: id } }] },
      scopeMetrics: [
        {
          metrics: [
            {
              name: 'blocked',
              sum: {
                aggregationTemporality: 2,
                isMonotonic: true,
                dataPoints: [{ asInt, timeUnixNano: `${Date.now()}000000` }],
              },
            },
          ],
        },
      ],
    }));
    const headers = { 'content-type': 'application/json' };
    const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ resourceMetrics }) });
    expect(status).toBe(200);
    const told = () => ['first', 'second'].map((bouncer) => lapi.counts(bouncer).gate?.dropped?.request);
    await vi.waitFor(() => expect(told()).toEqual([3, 5]), { timeout: 30_000 });
    // Once, however often they are collected.
    expect(log.filter((line) => line.startsWith('CrowdSec is not told of'))).toEqual([
      'CrowdSec is not told of service.instance.id "other", which has no key: add one to keys',
    ]);
  } finally {
    await service.shutdown();
    await lapi.stop();
  }
}, 60_000);
