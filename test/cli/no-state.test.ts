import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { factories } from '../../src/components.ts';
import { runCli } from '../support/cli.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'no-state-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const SERVICE = '--state /var/lib/couic-otel-bridge';

/** Every command that asks a state. */
const ASK = commands.filter(({ usage }) => usage.includes('[--state DIR]')).map(({ name }) => name);
const WORDS: Readonly<Record<string, readonly string[]>> = { explain: ['192.0.2.1'], erase: ['192.0.2.1'] };

function run(name: string, ...args: readonly string[]) {
  const yaml = `
receivers: {couic: {endpoint: "127.0.0.1:0"}}
exporters: {crowdsec: {dry_run: true}, file: {path: "${directory}/events"}, digest: {notifiers: {webhook: [{endpoint: "http://127.0.0.1:9"}]}}}
extensions: {file_storage: {directory: "${directory}/data"}, status_page: {}}
service:
  extensions: [file_storage, status_page]
  pipelines: {metrics: {receivers: [couic], exporters: [crowdsec]}, logs: {receivers: [couic], exporters: [file, digest]}}
`;
  return runCli([name, ...(WORDS[name] ?? []), ...args], commands, { files: { 'c.yaml': yaml }, factories });
}

describe.each([
  ['does not exist', []],
  ['is empty', [[]]],
  ['has what a failed start and a file system left', [['last-failure.json', 'lost+found', 'lock']]],
])('a state directory that %s', (_, given: readonly (readonly string[])[]) => {
  beforeEach(() => {
    for (const names of given) {
      mkdirSync(join(directory, 'data'), { mode: 0o700 });
      for (const name of names) writeFileSync(join(directory, 'data', name), '');
    }
  });
  const left = () => readdirSync(directory, { recursive: true }).toSorted();

  test.each(ASK.filter((name) => name !== 'doctor'))(
    '%s says so, and where else to look, and makes nothing',
    async (name) => {
      const before = left();
      for (const args of [
        ['--config', 'c.yaml'],
        ['--state', join(directory, 'data')],
      ])
        expect(await run(name, ...args)).toEqual({
          code: 1,
          out: '',
          err: `couic-otel-bridge: ${directory}/data holds no state: no bridge has run on it yet. If one runs as a service, its state is elsewhere: ${SERVICE}\n`,
        });
      expect(left()).toEqual(before);
    },
  );

  test('doctor says so, and makes nothing', async () => {
    const before = left();
    const byState = await run('doctor', '--state', join(directory, 'data'));
    expect(byState.out).toMatch(/^bridge\n {2}FAILURE \S+\/data holds no state: no bridge has run on it yet\./);
    expect(byState.out).not.toMatch(/holds \d/);
    expect(byState.code).toBe(1);
    const byConfiguration = await run('doctor', '--config', 'c.yaml');
    expect(byConfiguration.out).toContain(`ok      has not run yet (${directory}/data holds no state)`);
    expect(left()).toEqual(before);
  });
});

test('of the directory of the service nothing else is named', async () => {
  const { err } = await run('windows', '--state', '/var/lib/couic-otel-bridge');
  expect(err).toBe('couic-otel-bridge: /var/lib/couic-otel-bridge holds no state: no bridge has run on it yet\n');
});

test('a directory of something else is told as one', async () => {
  mkdirSync(join(directory, 'data'));
  writeFileSync(join(directory, 'data', 'letters.txt'), '');
  expect((await run('rules', '--config', 'c.yaml')).err).toContain(
    'is not empty and holds no store of the bridge, but letters.txt',
  );
});
