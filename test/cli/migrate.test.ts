import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { factories } from '../../src/components.ts';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { runCli } from '../support/cli.ts';

test('a log is not copied onto itself: the directory was said to be in use by the command, to be stopped first', async () => {
  const made = new BridgeUnderTest();
  onTestFinished(() => made.remove());
  const directory = join(made.directory, 'data');
  const config = (path: string) => `
receivers: {couic: {endpoint: "127.0.0.1:0"}}
exporters: {prometheus: {endpoint: "127.0.0.1:0"}}
extensions: {file_storage: {directory: "${path}"}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}}
`;
  const files = { 'a.yaml': config(directory), 'b.yaml': config(`${directory}/../data/`) };
  const { code, err } = await runCli(['migrate', '--config', 'a.yaml', '--to', 'b.yaml'], commands, {
    files,
    factories,
  });
  expect({ code, err }).toEqual({
    code: 1,
    err: `couic-otel-bridge: b.yaml has the directory that is to be copied, ${directory}: give its storage another\n`,
  });
  expect(existsSync(directory)).toBe(false);
});
