import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/clock.ts';
import { ConnectionBudget } from '../../../src/http/connection-budget.ts';
import type { Admin } from '../../../src/service/admin/admin.ts';
import { AdminClient } from '../../../src/service/admin/admin-client.ts';
import { AdminServer } from '../../../src/service/admin/admin-server.ts';
import { LocalAdmin } from '../../../src/service/admin/local-admin.ts';
import type { Component } from '../../../src/service/component.ts';

let directory: string;
let server: AdminServer;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'admin-'));
});
afterEach(async () => {
  await server.stop();
  await rm(directory, { recursive: true });
});

const idle = { start: () => Promise.resolve(), shutdown: () => Promise.resolve() };

const serverFor = (admin: Admin) =>
  new AdminServer({
    admin,
    connections: new ConnectionBudget(),
    logger: pino({ enabled: false }),
    clock: systemClock,
  });

async function serve(component: Partial<Component>, where = directory): Promise<AdminClient> {
  const built = { id: 'crowdsec/edge', name: 'exporter crowdsec/edge', component: { ...idle, ...component } };
  server = serverFor(new LocalAdmin(() => [built, { id: 'other', name: 'receiver other', component: idle }], true));
  await server.start(where);
  return (await AdminClient.connect(where))!;
}

it('carries what is asked to a component, and its answer back', async () => {
  const asked: unknown[] = [];
  const client = await serve({
    operations: {
      'windows.show': async (argument) => {
        asked.push(argument);
        return { shown: argument };
      },
      'windows.list': async () => undefined,
    },
  });
  expect(await client.components()).toEqual([
    { id: 'crowdsec/edge', name: 'exporter crowdsec/edge', operations: ['windows.show', 'windows.list'] },
    { id: 'other', name: 'receiver other', operations: [] },
  ]);
  expect(await client.call('crowdsec/edge', 'windows.show', { n: 'ü' })).toEqual({ shown: { n: 'ü' } });
  expect(await client.call('crowdsec/edge', 'windows.list', null)).toBeNull();
  expect(asked).toEqual([{ n: 'ü' }]);
});

it('tells what went wrong in the words of the component', async () => {
  const client = await serve({
    operations: { 'windows.show': () => Promise.reject(new Error('there is no window 7')) },
  });
  await expect(client.call('crowdsec/edge', 'windows.show', 7)).rejects.toThrow('there is no window 7');
  await expect(client.call('crowdsec/edge', 'windows.eat', 7)).rejects.toThrow('knows no operation windows.eat');
  await expect(client.call('crowdsec', 'windows.show', 7)).rejects.toThrow('crowdsec knows no operation windows.show');
});

it('collects what components find, and that one cannot be examined', async () => {
  const client = await serve({ examine: () => Promise.reject(new Error('broken')) });
  expect(await client.examine()).toEqual([
    {
      component: 'exporter crowdsec/edge',
      findings: [{ level: 'failure', message: 'could not be examined: broken' }],
    },
  ]);
});

describe('its socket', () => {
  const socket = () => join(directory, 'admin.sock');

  it('is for the owner alone, takes the place of a leftover, and goes with the bridge', async () => {
    writeFileSync(socket(), 'left by a power cut');
    await serve({});
    expect(statSync(socket()).mode & 0o777).toBe(0o600);
    await server.stop();
    await server.stop();
    expect(existsSync(socket())).toBe(false);
    expect(await AdminClient.connect(directory)).toBeUndefined();
  });

  it('works in a directory whose path is too long for the kernel', async () => {
    const deep = join(directory, 'x'.repeat(120));
    await mkdir(deep);
    const client = await serve({ operations: { ping: async () => 'pong' } }, deep);
    expect(await client.call('crowdsec/edge', 'ping', null)).toBe('pong');
  });

  it('is not there when no bridge runs, whatever is left of it', async () => {
    server = serverFor(new LocalAdmin(() => [], true));
    expect(await AdminClient.connect(join(directory, 'nowhere'))).toBeUndefined();
    expect(await AdminClient.connect(directory)).toBeUndefined();
    writeFileSync(socket(), '');
    expect(await AdminClient.connect(directory)).toBeUndefined();
  });
});
