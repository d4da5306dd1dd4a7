import { expect, onTestFinished, test } from 'vitest';
import { ReloadFailed } from '../../src/service/reload.ts';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { freePort } from '../support/free-port.ts';
import { LapiServer } from '../support/lapi/server.ts';
import { EDGE, scrape, sender, start, sumOf, token } from './reloaded-bridge.ts';

test('20 reloads under load refuse nothing, and count everything once, for every exporter', async () => {
  const lapi = await new LapiServer({ keys: { 'test-key': 'bridge' } }).start();
  onTestFinished(() => lapi.stop());
  const crowdsec = { endpoint: lapi.url, api_key: 'test-key', interval: '1h' };
  const { service, config, ports } = await start({ crowdsec });
  const senders = { edge: sender(ports.couic, 'edge', true), core: sender(ports.core, 'core', false) };

  for (let round = 0; round < 20; round++) {
    const extra = { name: `extra-${round}`, token: token(`extra-${round}`) };
    const rotated = { name: 'edge', tokens: [token('edge'), token(`new-${round}`)] };
    const changes = await service.reload(
      config({
        instances: round % 2 === 0 ? [EDGE, extra] : [rotated],
        prometheus: { namespace: '', enable_open_metrics: round % 3 === 0 },
        exporters: round % 4 === 1 ? { [`prometheus/${round}`]: { endpoint: '127.0.0.1:0' } } : {},
        // Each end of it is a window, and each window has a second of its own.
        crowdsec: round === 6 ? undefined : { ...crowdsec, unit: round > 12 ? 'batch' : 'report' },
      }),
    );
    expect(changes.changed).toContain('receiver couic');
    await Promise.all(Object.values(senders).map((each) => each.more(3)));
  }

  const edge = await senders.edge.stop();
  const core = await senders.core.stop();
  expect([...senders.edge.refused, ...senders.core.refused]).toEqual([]);
  const text = await scrape(ports.metrics);
  for (const metric of ['couic_reports_total', 'couic_bridge_receiver_accepted_reports_total']) {
    expect([metric, sumOf(text, metric, 'edge'), sumOf(text, metric, 'core')]).toEqual([metric, edge, core]);
  }
  await service.shutdown();
  const told = Object.values(lapi.counts()).map(({ dropped }) => (dropped?.report ?? 0) + (dropped?.batch ?? 0));
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(core);
}, 60_000);

test('what says the same stays as it is, and what cannot be had changes nothing', async () => {
  const { service, config, ports, lines } = await start();
  expect(await service.reload(config())).toEqual({ added: [], changed: [], removed: [] });
  expect(lines.filter((line) => line.startsWith('Listening'))).toHaveLength(2);

  await expect(service.reload(config({ directory: temporaryDirectory() }))).rejects.toThrow(
    'c.yaml:1: extensions.file_storage.directory: cannot change while the bridge runs: restart it, or put back what was here',
  );
  const taken = await start();
  const elsewhere = config({
    instances: [EDGE, { name: 'new', token: token('new') }],
    exporters: { 'prometheus/b': { endpoint: `127.0.0.1:${taken.ports.metrics}` } },
  });
  const failed = service.reload(elsewhere);
  await expect(failed).rejects.toThrow(ReloadFailed);
  await expect(failed).rejects.toThrow(
    /^cannot start exporter prometheus\/b: cannot listen on .*: something listens there already/,
  );
  const edge = sender(ports.couic, 'edge', true);
  await edge.more(2);
  expect(await edge.stop()).toBeGreaterThan(1);
  const unknown = sender(ports.couic, 'new', true);
  await unknown.more(1);
  await unknown.stop();
  expect(unknown.refused[0]).toMatch(/^401/);
  expect(await scrape(ports.metrics)).toContain('couic_reports_total');
});

test('listeners may change places, and one that is gone is closed', async () => {
  const { service, config, ports } = await start();
  const { couic, core, metrics } = ports;
  const edge = sender(couic, 'edge', true);
  await edge.more(1);
  await service.reload(config({ ports: { couic: metrics, core: couic, metrics: core } }));
  expect(await scrape(core)).toContain('couic_reports_total');
  const moved = sender(metrics, 'edge', true);
  await moved.more(1);
  expect(await moved.stop()).toBeGreaterThan(0);
  await edge.stop();
  await service.reload(config({ ports: { couic, core: await freePort(), metrics } }));
  await expect(scrape(core)).rejects.toThrow('ECONNREFUSED');
});

test('an exporter that is gone shows nothing more; one that comes back goes on with its outbox', async () => {
  const lapi = await new LapiServer({ keys: { 'test-key': 'bridge' } }).start();
  onTestFinished(() => lapi.stop());
  const crowdsec = { endpoint: lapi.url, api_key: 'test-key', interval: '1h' };
  const { service, config, ports } = await start({ crowdsec });
  const core = sender(ports.core, 'core', true);
  await core.more(3);
  const sent = await core.stop();
  const queue = 'couic_bridge_exporter_queue_size{';
  expect(await scrape(ports.metrics)).toContain(queue);
  await service.reload(config());
  expect(await scrape(ports.metrics)).not.toContain(queue);
  await service.reload(config({ crowdsec }));
  expect(await scrape(ports.metrics)).toContain(queue);
  await service.shutdown();
  const told = Object.values(lapi.counts()).map(({ dropped }) => dropped?.report ?? 0);
  expect(told.reduce((sum, count) => sum + count, 0)).toBe(sent);
});

test('limits and the resource are taken up while it runs', async () => {
  const { service, config, ports } = await start();
  const resource = { 'deployment.environment.name': 'production' };
  await service.reload(config({ service: { telemetry: { resource }, attribute_limits: { tags: 7 } } }));
  const text = await scrape(ports.metrics);
  expect(text).toMatch(/target_info\{[^}]*deployment_environment_name="production"/);
});
