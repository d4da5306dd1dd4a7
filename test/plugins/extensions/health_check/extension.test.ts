import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../../../plugins/extensions/health_check/config.ts';
import { HealthCheck } from '../../../../plugins/extensions/health_check/extension.ts';
import { formatEndpoint } from '../../../../src/config/endpoint.ts';
import { exporterContext, noDeadline } from '../../../support/exporter-context.ts';

const running: HealthCheck[] = [];

afterEach(async () => {
  for (const extension of running.splice(0)) await extension.shutdown(noDeadline);
});

async function start(options: Record<string, unknown> = {}) {
  const clock = { time: Date.UTC(2026, 0, 2), now: () => clock.time, monotonic: () => clock.time };
  const context = exporterContext({ id: 'health_check', clock });
  const extension = new HealthCheck(context, configSchema.parse({ endpoint: '127.0.0.1:0', ...options }));
  running.push(extension);
  await extension.start();
  return { extension, clock, health: context.health, context, origin: `http://${formatEndpoint(extension.endpoint!)}` };
}

test('200 while nothing speaks against it', async () => {
  const { origin, clock } = await start();
  clock.time += 62_000;
  const response = await fetch(origin);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await response.json()).toEqual({
    status: 'Server available',
    upSince: '2026-01-02T00:00:00.000Z',
    uptime: '1m2s',
  });
});

test('503 with every reason, until the last one is gone', async () => {
  const { origin, health } = await start();
  health.setUnavailable('service', 'starting');
  health.setUnavailable('storage', 'the disk is full');
  const response = await fetch(origin);
  expect([response.status, await response.json()]).toEqual([
    503,
    {
      status: 'Server not available',
      reasons: [
        { source: 'service', reason: 'starting' },
        { source: 'storage', reason: 'the disk is full' },
      ],
    },
  ]);
  health.setAvailable('service');
  expect((await fetch(origin)).status).toBe(503);
  health.setAvailable('storage');
  expect((await fetch(origin)).status).toBe(200);
});

test('HEAD gives the status alone', async () => {
  const { origin, health } = await start();
  health.setUnavailable('service', 'stopping');
  const response = await fetch(origin, { method: 'HEAD' });
  expect([response.status, await response.text()]).toEqual([503, '']);
});

test('answers on its path only, with any query, and to nothing but GET and HEAD', async () => {
  const { origin } = await start({ path: '/health' });
  expect((await fetch(`${origin}/health?verbose`)).status).toBe(200);
  const other = await fetch(origin);
  expect([other.status, await other.json()]).toEqual([404, { error: 'Not found. Health is at /health' }]);
  const post = await fetch(`${origin}/health`, { method: 'POST' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
});

test('is closed by shutdown, which can be called twice, and without start', async () => {
  const { extension, origin } = await start();
  await fetch(origin);
  await extension.shutdown(noDeadline);
  await extension.shutdown(noDeadline);
  await expect(fetch(origin)).rejects.toThrow();
  await new HealthCheck(exporterContext(), configSchema.parse({})).shutdown(noDeadline);
});

test('a port that is taken is an error that names it', async () => {
  const { extension } = await start();
  await expect(start({ endpoint: formatEndpoint(extension.endpoint!) })).rejects.toThrow(
    'something listens there already',
  );
});

test('defaults, and a path that is none', () => {
  expect(configSchema.parse({})).toEqual({
    endpoint: { host: '127.0.0.1', port: 13133 },
    path: '/',
    read_header_timeout: 10_000,
    idle_timeout: 120_000,
    write_timeout: 30_000,
    max_connections: 64,
  });
  expect(configSchema.safeParse({ path: '/:any' }).success).toBe(false);
  expect(configSchema.safeParse({ path: 'health' }).error?.issues[0]?.message).toBe('a path begins with a slash');
});
