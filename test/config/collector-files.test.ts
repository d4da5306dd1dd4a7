import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { factories } from '../../src/components.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { ConfigError } from '../../src/config/problem.ts';

/** Files as people of the Collector write them, and all that is said of each: what to write in place of what is not taken. */
function said(configs: readonly string[], texts: Record<string, string> = {}): string[] {
  const readFile = (path: string) => texts[path] ?? readFileSync(join('test/testdata/collector', path), 'utf8');
  try {
    loadConfig({ configs, sets: [], env: {}, factories, readFile });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
}

test.each(['default', 'agent', 'backends'])('%s.yaml', async (name) => {
  const text = said([`${name}.yaml`]).join('\n');
  expect(text).not.toContain('not-to-be-shown');
  await expect(`${text}\n`).toMatchFileSnapshot(`../testdata/collector/${name}.txt`);
});

test('what is written in place of all that is a configuration', () => {
  const text = `
receivers: {couic: {}}
exporters:
  debug: {verbosity: detailed}
  otlp_http: {endpoint: "http://gateway:4318", headers: {authorization: "Bearer \${env:TOKEN:-secret}"}}
extensions: {file_storage: {directory: ./data}, health_check: {endpoint: "127.0.0.1:13133"}}
service:
  extensions: [health_check, file_storage]
  pipelines:
    metrics: {receivers: [couic], exporters: [otlp_http, debug]}
    logs: {receivers: [couic], exporters: [debug]}
  telemetry: {logs: {level: INFO}, resource: {cluster: edge}}
`;
  expect(said(['good.yaml'], { 'good.yaml': text })).toEqual([]);
});

describe('where a configuration comes from', () => {
  const SECRET = 'user:top-secret@config.example/otel.yaml';

  test.each([
    [`http://${SECRET}`, 'http:'],
    [`https://${SECRET}`, 'https:'],
  ])('%s', (location, source) => {
    expect(said([location])).toEqual([
      `${source}: the bridge fetches no configuration: have it fetched into a file first, and give the path of that`,
    ]);
  });

  test.each([
    ['yaml:top-secret', 'there is no ${yaml:…}: write the value itself in its place'],
    [
      `https://${SECRET}`,
      'the bridge fetches no configuration: have it fetched into a file first, and write ${file:PATH}',
    ],
    [`secretsmanager:top-secret`, 'unknown reference: there are ${env:NAME} and ${file:PATH}'],
    [`constructor:top-secret`, 'unknown reference: there are ${env:NAME} and ${file:PATH}'],
  ])('${%s}', (reference, message) => {
    const lines = said(['a.yaml'], { 'a.yaml': `exporters: {debug: {verbosity: "\${${reference}}"}}\n` });
    expect(lines).toContain(`a.yaml:1: exporters.debug.verbosity: ${message}`);
    expect(lines.join('\n')).not.toContain('top-secret');
  });
});
