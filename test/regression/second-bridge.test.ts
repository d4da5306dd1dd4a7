import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { freePort } from '../support/free-port.ts';

/** Seen: the second of two was told that something listens on the port of the status page, and left word of that in the first one's state. */
test('a second bridge with one configuration is told of the first one, and not of a port that this one has', async () => {
  const bridge = new BridgeUnderTest();
  onTestFinished(() => bridge.remove());
  const [reports, health] = [await freePort(), await freePort()];
  bridge.write(`
receivers: {couic: {endpoint: "127.0.0.1:${reports}"}}
exporters: {prometheus: {endpoint: "127.0.0.1:0"}}
extensions: {health_check: {endpoint: "127.0.0.1:${health}"}, file_storage: {directory: state}}
service: {extensions: [health_check, file_storage], pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}}
`);
  await bridge.start();
  const from = bridge.output.length;
  expect(await bridge.run(['--config', 'config.yaml'])).toBe(1);
  const said = bridge.output.slice(from);
  expect(said).toContain(`cannot start extension file_storage: state is in use by process ${bridge.pid}.`);
  expect(said).not.toContain('listens');
  expect(existsSync(join(bridge.directory, 'state', 'last-failure.json'))).toBe(false);
  await bridge.stop();
});
