import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { recordingServer } from './recording-server.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const couicSim = (...args: string[]) => run('npm', ['run', '--silent', 'couic-sim', '--', ...args], { cwd: root });

test('the command says how it is used', async () => {
  const { stdout } = await couicSim('--help');
  for (const option of ['--webhook', '--rate', '--count', '--tags', '--expiry', '--peers']) {
    expect(stdout).toContain(option);
  }
});

test('the command sends as many reports as it is asked to, of several Couic, and ends', async () => {
  const servers = await Promise.all([recordingServer(), recordingServer()]);
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });
  const webhooks = servers.flatMap(({ webhook }) => ['--webhook', webhook]);
  const { stdout } = await couicSim(
    ...webhooks,
    '--count',
    '100',
    '--rate',
    '2000',
    '--tags',
    'only',
    '--time-scale',
    '0.1',
  );
  expect(stdout).toMatch(
    /^200 reports: 200 acknowledged, 0 dropped by a full channel, 0 not sent; \d+ requests, 0 of them/,
  );
  for (const { requests } of servers) {
    const reports = requests.flatMap(({ body }) => JSON.parse(body));
    expect(reports).toHaveLength(100);
    expect(new Set(reports.map(({ entry }) => entry.tag))).toEqual(new Set(['only']));
  }
});
