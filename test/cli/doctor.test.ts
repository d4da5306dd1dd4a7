import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { identityOf } from '../../plugins/exporters/crowdsec/identity.ts';
import { KeyClaim } from '../../plugins/exporters/crowdsec/key-claim.ts';
import { commands } from '../../src/cli/commands.ts';
import { factories } from '../../src/components.ts';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { runCli } from '../support/cli.ts';
import { type LapiOptions, LapiServer } from '../support/lapi/server.ts';

let lapi: LapiServer | undefined;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'doctor-'));
});
afterEach(async () => {
  await lapi?.stop();
  await rm(directory, { recursive: true });
});

const yaml = (crowdsec: string, couic = '') => `
receivers: {couic: {endpoint: 127.0.0.1:8000${couic}}}
exporters: {crowdsec: {${crowdsec}}}
extensions: {file_storage: {directory: "${directory}/data"}}
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [couic], exporters: [crowdsec]}}
`;

const run = (text: string) =>
  runCli(['doctor', '--config', 'c.yaml'], commands, { files: { 'c.yaml': text }, factories });

async function withLapi(options: LapiOptions = {}, key = 'test-key'): Promise<string> {
  lapi = await new LapiServer(options).start();
  const { out, code } = await run(yaml(`endpoint: "${lapi.url}", api_key: ${key}`));
  expect(code).toBe(out.includes('FAILURE') ? 1 : 0);
  return out.slice(out.indexOf('exporter crowdsec'));
}

it('says before the first start what is ready and what to paste', async () => {
  lapi = await new LapiServer().start();
  const token = '550e8400-e29b-41d4-a716-446655440000';
  const couic = `, instances: [{name: edge, token: ${token}}]`;
  const { out, code } = await run(yaml(`endpoint: "${lapi.url}", api_key: test-key`, couic));
  expect(out).toBe(`configuration
  ok      valid: c.yaml

bridge
  ok      has not run yet (${directory}/data holds no state); this command looked in its place

receiver couic
  ok      in the configuration of Couic "edge":
          [reporting]
          enabled = true
          webhook = "http://127.0.0.1:8000/v1/reports/TOKEN-OF-edge"

exporter crowdsec
  ok      ${lapi.url} takes the key
  ok      LAPI takes usage metrics
  ok      the clocks of LAPI and this host agree
  ok      no window waits; none was ever taken

extension file_storage
  ok      ${directory}/data is created at the first start
`);
  expect(code).toBe(0);
  expect(lapi.pushes).toEqual([]);
  expect(lapi.bouncers.lastPull('bridge')).toBeUndefined();
});

it('warns of a bridge that was stopped: who asks why no report arrives was told that all is well', async () => {
  const bridge = new BridgeUnderTest();
  onTestFinished(() => bridge.remove());
  const state = join(bridge.directory, 'state');
  const text = `
receivers: {couic: {endpoint: "127.0.0.1:0"}}
exporters: {prometheus: {endpoint: "127.0.0.1:0"}}
extensions: {file_storage: {directory: "${state}"}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}}
`;
  bridge.write(text);
  await bridge.start();
  await bridge.stop();
  const { out, code } = await run(text);
  expect(code).toBe(0);
  expect(out).toContain(`bridge
  WARNING does not run, and takes no reports; this command looked in its place (state in ${state})
          → start it, unless it is stopped on purpose; its log says why it ended
`);
});

it('says that the key is wrong', async () => {
  expect(await withLapi({}, 'other')).toMatch(
    /FAILURE http:\S+ answered 403: LAPI does not know the key, .*"cscli bouncers add NAME" makes a new key/,
  );
});

it('says that LAPI is too old', async () => {
  const text = await withLapi({ usageMetrics: false });
  expect(text).toMatch(
    /ok {6}http:\S+ takes the key\n {2}FAILURE http:\S+ answered 404: usage metrics need CrowdSec 1\.6\.3 or newer/,
  );
});

it('says that a clock is off', async () => {
  expect(await withLapi({ now: () => Date.now() + 90_000 })).toMatch(
    /WARNING the clock of this host is (89|90) s behind that of LAPI: windows have its time\n {10}→ let both hosts keep time/,
  );
});

it('says that nobody listens', async () => {
  const { out, code } = await run(yaml('endpoint: "http://127.0.0.1:9", api_key: k'));
  expect(out).toMatch(/FAILURE http:\/\/127\.0\.0\.1:9 is not reached: .*is LAPI running/);
  expect(code).toBe(1);
});

it('says that a dry run sends nothing, and asks nobody', async () => {
  const { out, code } = await run(yaml('dry_run: true, endpoint: "http://127.0.0.1:9"'));
  expect(out).toContain(
    'WARNING dry run: windows are logged, nothing is sent to LAPI\n          → set dry_run: false and api_key',
  );
  expect(code).toBe(0);
});

it.runIf(process.platform === 'linux')('says that another bridge on this host has the same key', async () => {
  lapi = await new LapiServer().start();
  const crowdsec = `endpoint: "${lapi.url}", api_key: test-key`;
  const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const other = new KeyClaim(() => identityOf({ endpoint: lapi!.url, api_key: 'test-key' }), log);
  other.start();
  await other.isShared();
  const { out, code } = await run(yaml(crowdsec));
  await other.stop();
  expect(out).toMatch(/WARNING another bridge on this host has the same key .*\n {10}→ end the other one/);
  expect(code).toBe(0);
});
