import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { factories } from '../../src/components.ts';
import { BridgeUnderTest } from '../support/bridge-under-test.ts';
import { runCli } from '../support/cli.ts';
import { freePort } from '../support/free-port.ts';

const doctor = (state: string, ...more: string[]) =>
  runCli(['doctor', '--state', state, ...more], commands, { files: {}, factories });

function bridge(port: number) {
  const made = new BridgeUnderTest();
  onTestFinished(() => made.remove());
  const write = (option: string) =>
    made.write(`
receivers: {couic: {${option}: "127.0.0.1:${port}", instances: [{name: a, token: "\${env:TOKEN}"}]}}
exporters: {prometheus: {endpoint: "127.0.0.1:0"}}
extensions: {file_storage: {directory: state}}
service: {extensions: [file_storage], pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}}
`);
  return { made, write, state: join(made.directory, 'state') };
}

test('doctor --state reads why a start failed, with no configuration and no secret, until a bridge runs there again', async () => {
  const port = await freePort();
  const { made, write, state } = bridge(port);
  const env = { TOKEN: 'a-token-that-is-a-secret', STATE_DIRECTORY: state };
  mkdirSync(state, { mode: 0o700 });
  write('enpoint');
  expect(await made.run(['--config', 'config.yaml'], env)).toBe(2);
  const wrong = await doctor(state);
  expect(wrong.code).toBe(1);
  expect(wrong.out).toMatch(
    /FAILURE the last start failed, 20.*Z:\n +config.yaml:2: receivers.couic.enpoint: unknown option/,
  );
  expect(wrong.out).toMatch(/state\n {2}ok +\S+ holds no state yet, \d+ MiB are free/);

  const other = bridge(port);
  other.write('endpoint');
  await other.made.start(env);
  write('endpoint');
  expect(await made.run(['--config', 'config.yaml'], env)).toBe(1);
  expect(JSON.parse((await doctor(state, '--json')).out)).toMatchObject({
    healthy: false,
    components: [
      {
        component: 'bridge',
        findings: [
          {
            level: 'failure',
            message: `no bridge runs on ${state}: without one, give the configuration in place of --state`,
          },
          { level: 'failure', message: expect.stringContaining('something listens there already') },
        ],
      },
      { component: 'state' },
    ],
  });
  expect(readFileSync(join(state, 'last-failure.json'), 'utf8')).not.toContain(env.TOKEN);
  await other.made.stop();

  await made.start(env);
  const { out } = await doctor(state);
  expect(out).toContain('ok      runs, and looked itself');
  expect(out).toContain('ok      runs as it is written: config.yaml, read 20');
  writeFileSync(
    join(made.directory, 'config.yaml'),
    readFileSync(join(made.directory, 'config.yaml'), 'utf8').replace('service: {', 'service: {shutdown_timeout: 3s, '),
  );
  expect((await doctor(state)).out).toContain('WARNING what runs is older than what is written: config.yaml');
  await made.stop();
  // A configuration would not help: what is asked for needs a bridge.
  for (const [name, why] of [
    ['reload', 'there is nothing to reload'],
    ['page', 'the page is there while one does'],
  ] as const)
    expect(await runCli([name, '--state', state], commands, { files: {}, factories })).toEqual({
      code: 1,
      out: '',
      err: `couic-otel-bridge: no bridge runs on ${state}: ${why}\n`,
    });
  expect((await doctor(state)).out).not.toContain('the last start failed');
});

/** Seen: a directory that a configuration named by mistake was refused, and had a file more. */
test('nothing is left in a directory of somebody else', async () => {
  const { made, write, state } = bridge(0);
  mkdirSync(state, { mode: 0o700 });
  writeFileSync(join(state, 'theirs'), '');
  write('endpoint');
  expect(await made.run(['--config', 'config.yaml'], { TOKEN: 'a-token-that-is-a-secret' })).toBe(1);
  expect(made.output).toContain('holds no store of the bridge, but theirs');
  expect(readdirSync(state)).toEqual(['theirs']);
});
