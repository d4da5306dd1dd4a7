import { expect, it } from 'vitest';
import { until } from '../../../support/fake-time.ts';
import { eachHost, type Host } from './harness.ts';

const HALF_HOUR = 1_800_000;

let host: Host;
eachHost((made) => {
  host = made;
});

/** Values of the exporter's own metrics, by name and reason. */
async function measured(): Promise<Record<string, number>> {
  const { scopeMetrics } = await host.crowdsec.reader.metrics();
  const values: Record<string, number> = {};
  for (const { descriptor, dataPoints } of scopeMetrics.flatMap(({ metrics }) => metrics)) {
    const name = descriptor.name.replace('couic.bridge.exporter.', '');
    if (name === descriptor.name) continue;
    for (const { attributes, value } of dataPoints) {
      expect(attributes.exporter).toBe('crowdsec');
      values[[name, attributes.reason].filter(Boolean).join(' ')] = value as number;
    }
  }
  return values;
}

it('counts windows, and says how many wait for how long', async () => {
  await host.start();
  const events: string[] = [];
  host.events.on('crowdsec.sealed', (event) => events.push(`sealed ${JSON.stringify(event)}`));
  host.events.on('crowdsec.sent', (event) => events.push(`sent ${JSON.stringify(event)}`));
  expect(await measured()).toEqual({ queue_size: 0, oldest_window_age: 0 });
  host.lapi.faults.push(
    { kind: 'status', status: 503 },
    { kind: 'reset' },
    { kind: 'status', status: 422, body: '{"message":"no"}' },
  );
  await host.report({ policy: 'ignore' });
  await host.pass(HALF_HOUR);
  host.time.advance(2000);
  expect(await measured()).toEqual({ queue_size: 1, oldest_window_age: 2, 'send_failed_windows status_503': 1 });
  await host.pass(60_000);
  await host.report({ policy: 'ignore', cidr: '10.0.0.1/32' });
  await host.pass(HALF_HOUR);
  await until(() => host.crowdsec.exporter.outbox.size === 0);
  expect(await measured()).toEqual({
    'send_failed_windows status_503': 1,
    'send_failed_windows connection': 1,
    quarantined_windows: 1,
    sent_windows: 1,
    queue_size: 0,
    oldest_window_age: 0,
    last_sent_timestamp: expect.closeTo(host.time.now() / 1000, -3),
  });
  expect(events).toEqual([
    'sealed {"exporter":"crowdsec","window":1,"items":1}',
    'sealed {"exporter":"crowdsec","window":2,"items":1}',
    'sent {"exporter":"crowdsec","window":2}',
  ]);
});

it('keeps the time of the last 201 over a restart', async () => {
  await host.start();
  await host.report({ policy: 'ignore' });
  await host.pass(HALF_HOUR);
  const { last_sent_timestamp } = await measured();
  await host.kill();
  await host.start();
  expect(await measured()).toMatchObject({ last_sent_timestamp });
});

it('writes no key into the log', async () => {
  await host.start({ api_key: 'test-key' });
  host.lapi.faults.push({ kind: 'status', status: 403, body: '{"message":"access forbidden"}' });
  await host.report({ policy: 'ignore' });
  await host.pass(HALF_HOUR);
  expect(host.warnings).toHaveLength(1);
  expect(JSON.stringify(host.lines)).not.toContain('test-key');
});
