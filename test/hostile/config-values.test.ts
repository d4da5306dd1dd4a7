import { expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { factories } from '../../src/components.ts';
import { KnownSecrets } from '../../src/config/known-secrets.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { referenceValue } from '../../src/config/reference-value.ts';
import { toValue } from '../../src/config/tree.ts';
import { runCli } from '../support/cli.ts';

/** Each way in which a secret may begin that means something to YAML; "S3CR3T" must be in no output. */
const ODD = [
  '*S3CR3T',
  '&S3CR3T',
  '& S3CR3T',
  '!S3CR3T',
  '!!int S3CR3T',
  '!!binary S3CR3T',
  '%S3CR3T',
  '@S3CR3T',
  '`S3CR3T`',
  '{S3CR3T',
  '{S3CR3T: a}',
  '{a: *S3CR3T}',
  '[S3CR3T',
  '[*S3CR3T]',
  '[&S3CR3T a]',
  '[!!S3CR3T a]',
  '[S3CR3T]',
  '- S3CR3T',
  '- *S3CR3T',
  '|S3CR3T',
  '>S3CR3T',
  '#S3CR3T',
  'S3CR3T #a',
  'S3CR3T: b',
  ': S3CR3T',
  '? S3CR3T',
  '"S3CR3T',
  "'S3CR3T'",
  '---S3CR3T',
  '--- S3CR3T',
  '<<: *S3CR3T',
  `${'['.repeat(5000)}S3CR3T${']'.repeat(5000)}`,
];

const config = (key: string, header: string) => `
receivers: { couic: { endpoint: 127.0.0.1:0, instances: [{ name: edge, token: 0d9c7a3e-5d4f-4c7b-9a51-3c1f0e8b2a64 }] } }
exporters:
  crowdsec: { api_key: "${key}", interval: 30m }
  otlp_http: { headers: { a: "${header}" } }
extensions: { file_storage: { directory: /nowhere } }
service: { extensions: [file_storage], pipelines: { metrics: { receivers: [couic], exporters: [crowdsec, otlp_http] } } }
`;

const read = (text: string, value: string) =>
  loadConfig({
    configs: ['a.yaml'],
    sets: [],
    env: { KEY: value },
    readFile: (path) => (path === 'key' ? `${value}\n` : text),
    factories,
  });

test.each(['${env:KEY}', '${file:key}'])('%s is the text it is, whatever YAML would make of it', (reference) => {
  for (const value of ODD) {
    const { exporters } = read(config('letters', reference), value).config;
    expect(exporters[1]?.config, value.slice(0, 20)).toMatchObject({ headers: { a: value } });
  }
});

test.each(ODD)('no command fails on %.20j, and none shows it', async (value) => {
  for (const text of [config('${file:key}', '${file:key}'), config('letters', '${file:key}'), `a: ${value}`]) {
    for (const command of ['validate', 'print-config']) {
      const { code, out, err } = await runCli([command, '--config', 'a.yaml'], commands, {
        files: { 'a.yaml': text, key: value },
        factories,
      });
      expect([0, 2]).toContain(code);
      expect(out + err).not.toContain('S3CR3T');
    }
  }
});

test('numbers, booleans and lists are what they plainly are', () => {
  const values = ['8001', '-1.5', '1e3', 'true', 'False', '[a, 1]', '- a\n- {b: true}', '', '0x1f', 'yes', 'null', '~'];
  const at = { source: 'a' };
  expect(values.map((value) => toValue(referenceValue(value, at, { from: ['${env:A}'] })))).toEqual([
    8001,
    -1.5,
    1000,
    true,
    false,
    ['a', 1],
    ['a', { b: true }],
    undefined,
    '0x1f',
    'yes',
    'null',
    '~',
  ]);
});

test('an inline configuration is read, and never echoed', async () => {
  const good = 'yaml:exporters::crowdsec::api_key: letters';
  const files = { 'a.yaml': config('other', 'x') };
  const run = (...args: string[]) => runCli(args, commands, { files, factories });
  const valid = await run(
    'print-config',
    '--config',
    'a.yaml',
    '--config',
    'yaml:receivers::couic::log_reports: false',
  );
  expect(valid.out).toContain('log_reports: false');
  expect((await run('validate', '--config', 'a.yaml', '--config', good)).code).toBe(0);
  for (const inline of [
    'yaml:exporters::crowdsec::api_kee: S3CR3T',
    'yaml:[S3CR3T',
    'yaml: *S3CR3T',
    'yaml:S3CR3T',
    'exporters: {crowdsec: {api_key: S3CR3T}}',
    'https://user:S3CR3T@config.example/bridge.yaml',
  ]) {
    for (const args of [['validate'], ['print-config'], ['doctor'], []]) {
      const { code, out, err } = await run(...args, '--config', inline);
      expect(code).toBe(2);
      expect(out + err).not.toContain('S3CR3T');
    }
  }
  expect((await run('S3CR3T: x')).err).not.toContain('S3CR3T');
});

test('print-config shows of a URL what can hold no secret', async () => {
  const urls = `
receivers: { couic: { endpoint: 127.0.0.1:0, instances: [{ name: edge, token: 0d9c7a3e-5d4f-4c7b-9a51-3c1f0e8b2a64 }] } }
exporters:
  otlp_http: { endpoint: "https://otlp.example/S3CR3T/otlp?key=S3CR3T" }
  prometheusremotewrite: { endpoint: "https://metrics.example:8443/api/v1/write?token=S3CR3T" }
extensions: { file_storage: { directory: /nowhere } }
service: { extensions: [file_storage], pipelines: { metrics: { receivers: [couic], exporters: [otlp_http, prometheusremotewrite] } } }
`;
  const files = { 'a.yaml': urls };
  const { out } = await runCli(['print-config', '--config', 'a.yaml'], commands, { files, factories });
  expect(out).not.toContain('S3CR3T');
  expect(out).toContain('https://otlp.example/[redacted]/otlp?[redacted]');
  expect(out).toContain('https://metrics.example:8443/api/v1/write?[redacted]');
});

test('what is secret in a configuration is known to the log', () => {
  const loaded = read(config('${env:KEY}', 'a'.repeat(8)), 'k3y-of-the-bouncer');
  expect(loaded.secrets).toEqual(expect.arrayContaining(['k3y-of-the-bouncer', 'aaaaaaaa']));
  const known = new KnownSecrets();
  for (const secret of [...loaded.secrets, 'true', '1234567', 'quo"ted-value']) known.add(secret);
  const line = JSON.stringify({ msg: 'true 1234567 at k3y-of-the-bouncer', err: { input: 'quo"ted-value' } });
  expect(JSON.parse(known.hide(line))).toEqual({ msg: 'true 1234567 at [redacted]', err: { input: '[redacted]' } });
});
