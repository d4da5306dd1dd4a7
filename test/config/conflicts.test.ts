import { expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { type ConfigError, formatProblem } from '../../src/config/problem.ts';

function problemsOf(receivers: string, exporters: string, ids: string): string[] {
  const text = `
receivers: {couic: {${receivers}}}
exporters: {${exporters}}
extensions: {file_storage: {}, health_check: {endpoint: "0.0.0.0:13133"}}
service: {extensions: [file_storage, health_check], pipelines: {metrics: {receivers: [couic], exporters: [${ids}]}}}
`;
  try {
    return loadConfig({ configs: ['c.yaml'], sets: [], env: {}, readFile: () => text, factories }).warnings.map(
      formatProblem,
    );
  } catch (error) {
    return (error as ConfigError).message.split('\n');
  }
}

const LONG = 'instances: [{name: a, token: 0123456789abcdef}]';

test('two listeners on one port are told, whatever their addresses say of it', () => {
  expect(
    problemsOf(
      `${LONG}, endpoint: "127.0.0.1:9464"`,
      'prometheus: {}, prometheus/b: {endpoint: "127.0.0.1:13133"}',
      'prometheus, prometheus/b',
    ),
  ).toEqual([
    'c.yaml:3: exporters.prometheus: 127.0.0.1:9464 is where "couic" listens already (127.0.0.1:9464): give one of them another port',
    'c.yaml:4: extensions.health_check: 0.0.0.0:13133 is where "prometheus/b" listens already (127.0.0.1:13133): give one of them another port',
  ]);
  expect(problemsOf(`${LONG}, endpoint: "127.0.0.2:9464"`, 'prometheus: {}', 'prometheus')).toEqual([]);
  expect(problemsOf(`${LONG}, endpoint: "127.0.0.1:0"`, 'prometheus: {endpoint: "127.0.0.1:0"}', 'prometheus')).toEqual(
    [],
  );
});

test('a token that can be guessed, and an interval that is short, are warned of', () => {
  expect(
    problemsOf('instances: [{name: a, token: short}]', 'crowdsec: {api_key: k, interval: 14m}', 'crowdsec'),
  ).toEqual([
    'c.yaml:2: receivers.couic.instances[0].token: the token is short enough to be guessed: "couic-otel-bridge token" makes a good one',
    'c.yaml:3: exporters.crowdsec.interval: is under 15m, the least that CrowdSec recommends',
  ]);
  expect(problemsOf(LONG, 'crowdsec: {dry_run: true, interval: 1s}', 'crowdsec')).toEqual([]);
});
