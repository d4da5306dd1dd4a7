import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RECEIVER_METRICS } from '../../plugins/receivers/couic/metrics.ts';

const MAIN = new URL('../../dist/src/main.js', import.meta.url).pathname;

const CONFIG = `
receivers: {couic: {endpoint: "127.0.0.1:0"}}
exporters: {prometheus: {endpoint: "127.0.0.1:0"}}
extensions: {file_storage: }
service:
  extensions: [file_storage]
  pipelines: {metrics: {receivers: [couic], exporters: [prometheus]}}
`;

let folder: string;
let app: ChildProcess;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bridge-main-'));
});
afterEach(async () => {
  app.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

/** The bridge as a process of its own, as `npm test` has built it. */
async function run(config: string, ...args: string[]) {
  await writeFile(join(folder, 'otel-config.yaml'), config);
  app = spawn(process.execPath, [MAIN, ...args], { cwd: folder });
  const output = { out: '', err: '' };
  app.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.out += text;
  });
  app.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.err += text;
  });
  return { output, exit: once(app, 'exit'), closed: once(app, 'close') };
}

test('a wrong configuration ends it with 2, and every problem on the standard error', async () => {
  const { output, exit, closed } = await run(CONFIG.replace('couic:', 'cuoic:'));
  expect(await exit).toEqual([2, null]);
  await closed;
  expect(output.out).toBe('');
  expect(
    output.err,
  ).toBe(`./otel-config.yaml:2: receivers.cuoic: unknown type of receiver "cuoic" (did you mean "couic"?)
./otel-config.yaml:7: service.pipelines.metrics.receivers[0]: "couic" is not defined under receivers (did you mean "cuoic"?)
`);
});

test('a port that is taken ends it with 1, told in one line', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { output, exit, closed } = await run(CONFIG, '--set', `exporters.prometheus.endpoint=127.0.0.1:${port}`);
  expect(await exit).toEqual([1, null]);
  await closed;
  expect(output.out).toMatch(new RegExp(`FATAL: cannot start exporter prometheus: .*127\\.0\\.0\\.1:${port}.*\n$`));
  taken.close();
});

test('a second signal ends it at once, while the first waits for a body that is under way', async () => {
  const { output, exit } = await run(CONFIG);
  await expect.poll(() => output.out, { timeout: 20_000 }).toContain('Ready: reports are accepted');
  const port = Number(/Listening for reports on http:\/\/127\.0\.0\.1:(\d+)/.exec(output.out)?.[1]);
  const slow = connect(port, '127.0.0.1').on('error', () => {});
  slow.write('POST /v1/reports HTTP/1.1\r\nHost: bridge\r\nContent-Length: 1000\r\n\r\n[');
  await new Promise((resolve) => setTimeout(resolve, 200));
  app.kill('SIGTERM');
  await expect.poll(() => output.out).toContain('Received SIGTERM: stopping in order');
  await new Promise((resolve) => setTimeout(resolve, 350));
  app.kill('SIGINT');
  expect(await exit).toEqual([130, null]);
  expect(output.out).toMatch(/Received SIGINT again: ending at once\n$/);
  slow.destroy();
});

test('what a component counts has the buckets and the attributes of its own definition', async () => {
  const { output } = await run(CONFIG);
  await expect.poll(() => output.out, { timeout: 20_000 }).toContain('Ready: reports are accepted');
  const urlOf = (pattern: RegExp) => pattern.exec(output.out)![1]!;
  await fetch(`${urlOf(/Listening for reports on (http:\/\/127\.0\.0\.1:\d+)/)}/v1/reports`, {
    method: 'POST',
    body: '[]',
  });
  const metrics = await (await fetch(urlOf(/Metrics are at (\S+)/))).text();
  const bounds = [...metrics.matchAll(/^http_server_request_duration_seconds_bucket\{.*le="([^"]+)"/gm)];
  expect(bounds.map(([, bound]) => bound)).toEqual(
    [...RECEIVER_METRICS.requestDuration.boundaries, '+Inf'].map(String),
  );
});
