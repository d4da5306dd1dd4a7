import { afterEach, beforeEach, expect, it } from 'vitest';
import { bodyOf } from '../support/ledger.ts';
import { ServedBridge } from '../support/served-bridge.ts';

let bridge: ServedBridge;
beforeEach(async () => {
  bridge = await ServedBridge.start({
    exporters: (directory) =>
      `, file: {path: ${directory}/events.json}, elasticsearch: {endpoint: 'http://127.0.0.1:1'}`,
    service: `pipelines:
    metrics: {receivers: [couic], exporters: [prometheus]}
    logs: {receivers: [couic], exporters: [file, elasticsearch]}`,
  });
});
afterEach(() => bridge.remove());

const events = (...args: string[]) => bridge.cli('events', ...args);

it('shows where events go, what waits and why, while the bridge runs and after', async () => {
  expect((await fetch(bridge.url, { method: 'POST', body: bodyOf([{ cidr: '192.0.2.7/32' }]) })).status).toBe(200);
  await expect
    .poll(async () => (await events('--config', 'c.yaml')).out, { timeout: 20_000 })
    .toMatch(/ {2}http:\/\/127\.0\.0\.1:1 is not reached: .*ECONNREFUSED/);
  const { code, out } = await events('status', '--config', 'c.yaml');
  expect(code).toBe(0);
  expect(out).toMatch(
    /^file: to \S+\/events\.json; entries of the log to be looked at: \d+; refused events that are kept: 0$/m,
  );
  expect(out).toMatch(/^elasticsearch: to http:\/\/127\.0\.0\.1:1; entries of the log to be looked at: [1-9]\d*;/m);
  expect(out).toMatch(/^ {2}the oldest event that is being sent is \d+\.\d s old$/m);
  expect(await events('refused', '--config', 'c.yaml')).toEqual({ code: 0, out: '', err: 'No event was refused.\n' });
  await bridge.service.shutdown();
  const after = await events('--config', 'c.yaml');
  expect(after).toMatchObject({ code: 0, err: '' });
  expect(after.out).toMatch(/^elasticsearch: .* to be looked at: [1-9]/m);
});

it('says so when nobody gets events, and what it does not know', async () => {
  await bridge.service.shutdown();
  bridge.yaml = bridge.yaml.replace(/^ {4}logs:.*\n/m, '');
  expect(await events('--config', 'c.yaml')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no exporter is in a logs pipeline: service::pipelines::logs says which get events'),
  });
  expect(await events('resend', '--config', 'c.yaml')).toMatchObject({
    code: 2,
    err: expect.stringContaining('events resend: expected status or refused'),
  });
});
