import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { CouicApiClient } from '../../../plugins/receivers/couic_api/api-client.ts';
import { recordingServer } from './recording-server.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url));
/** What `npm run couic-sim` builds and runs. */
const main = fileURLToPath(new URL('../../../dist-test/test/support/couic-sim/main.js', import.meta.url));
const couicSim = (...args: string[]) => run(process.execPath, [main, ...args]);

test('the command says how it is used', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'couic-sim', '--', '--help'], { cwd: root });
  for (const option of ['--webhook', '--rate', '--count', '--tags', '--expiry', '--peers', '--api']) {
    expect(stdout).toContain(option);
  }
});

test.each([
  // It waited for changes that never came, without a word.
  [['--rate', 'abc'], '--rate abc: expected a number of at least 0\n'],
  [['--count', '1e'], '--count 1e: expected a number of at least 0\n'],
  [['--removes', '20'], '--removes 20: expected a number from 0 to 1\n'],
])('the command refuses %j', async (args, message) => {
  await expect(couicSim(...args)).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
});

test('the command answers as the API of Couic, with traffic', async () => {
  const server = await recordingServer();
  const directory = await mkdtemp(join(tmpdir(), 'couic-sim-'));
  onTestFinished(async () => {
    await server.close();
    await rm(directory, { recursive: true });
  });
  const socketPath = join(directory, 'couic.sock');
  const running = couicSim('--webhook', server.webhook, '--api', socketPath, '--rate', '100', '--count', '150');
  const client = new CouicApiClient({
    endpoint: { url: 'http://couic', socketPath, shown: socketPath },
    timeout: 5000,
    userAgent: 'test',
  });
  const dropped = async () => {
    const reading = await client.metrics('d6ac883a-8050-4408-bf1e-5b07e9965191', AbortSignal.timeout(5000));
    return Number(reading.xdp.get('XDP_DROP')?.packets);
  };
  await expect.poll(() => dropped().catch(() => 0), { timeout: 20_000 }).toBeGreaterThan(10);
  await client.close();
  expect((await running).stdout).toContain('token: d6ac883a-8050-4408-bf1e-5b07e9965191 # monitoring');
});

test('the command sends as many reports as it is asked to, of several Couic, and ends', async () => {
  const servers = await Promise.all([recordingServer(), recordingServer()]);
  onTestFinished(async () => {
    await Promise.all(servers.map((server) => server.close()));
  });
  const webhooks = servers.flatMap(({ webhook }) => ['--webhook', webhook]);
  const { stdout } = await couicSim(...webhooks, '--count', '100', '--rate', '2000', '--tags', 'only');
  expect(stdout).toMatch(
    /^200 reports: 200 acknowledged, 0 dropped by a full channel, 0 not sent; \d+ requests, 0 of them/,
  );
  for (const { requests } of servers) {
    const reports = requests.flatMap(({ body }) => JSON.parse(body));
    expect(reports).toHaveLength(100);
    expect(new Set(reports.map(({ entry }) => entry.tag))).toEqual(new Set(['only']));
  }
});
