import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryDirectory } from '../log/embedded/testing.ts';
import { BulkServer } from '../support/bulk-api/server.ts';
import { until } from '../support/fake-time.ts';
import { scrape, sender, start, sumOf } from './reloaded-bridge.ts';

/** Networks of the events in a file, in order: those of a sender count up. */
function networksIn(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { network: string }).network);
}

const networks = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => `10.0.${(from + index) >> 8}.${(from + index) & 255}/32`);
const RETRY = { initial_interval: '20ms', max_interval: '50ms' };

test('an exporter of events that a reload adds begins at that moment, and has all that comes then', async () => {
  const { service, config, ports } = await start();
  const path = join(temporaryDirectory(), 'events.json');
  const edge = sender(ports.couic, 'edge', true);
  await edge.more(5);
  const before = edge.sent;
  expect(await service.reload(config({ events: { file: { path } } }))).toMatchObject({ added: ['exporter file'] });
  const after = edge.sent;
  await edge.more(5);
  // Another component changes beside it.
  await service.reload(config({ events: { file: { path } }, prometheus: { namespace: '' } }));
  await edge.more(5);
  const sent = await edge.stop();
  expect(edge.refused).toEqual([]);
  const last = networks(sent - 1, sent)[0];
  await until(() => networksIn(path).at(-1) === last);
  const told = networksIn(path);
  expect(told).toEqual(networks(sent - told.length, sent));
  expect(sent - told.length).toBeGreaterThanOrEqual(before);
  // A report may be under way, and not answered yet, when the exporter begins.
  expect(sent - told.length).toBeLessThanOrEqual(after + 1);
});

test('one that a reload takes out tells nothing more, and begins anew when it comes back', async () => {
  const path = join(temporaryDirectory(), 'events.json');
  const events = { file: { path } };
  const { service, config, ports } = await start({ events });
  const age = 'couic_bridge_events_oldest_event_age_seconds{';
  expect(await scrape(ports.metrics)).toContain(age);
  const edge = sender(ports.couic, 'edge', true);
  await until(() => networksIn(path).length > 0);
  expect(await service.reload(config())).toMatchObject({ removed: ['exporter file'] });
  const first = networksIn(path).length;
  expect(await scrape(ports.metrics)).not.toContain(age);
  await edge.more(5);
  const before = edge.sent;
  await service.reload(config({ events }));
  await edge.more(5);
  const sent = await edge.stop();
  expect(edge.refused).toEqual([]);
  const last = networks(sent - 1, sent)[0];
  await until(() => networksIn(path).at(-1) === last);
  const told = networksIn(path);
  const again = sent - (told.length - first);
  expect(told).toEqual([...networks(0, first), ...networks(again, sent)]);
  expect(again).toBeGreaterThanOrEqual(before);
  expect(sumOf(await scrape(ports.metrics), 'couic_reports_total', 'edge')).toBe(sent);
});

test('events that wait go on to where the endpoint is told to be, each once', async () => {
  const server = await new BulkServer(() => 0.5).start();
  server.faulty = 0;
  const { url } = server;
  await server.stop();
  const away = { elasticsearch: { endpoint: url, retry_on_failure: RETRY } };
  const { service, config, ports, lines } = await start({ events: away });
  const edge = sender(ports.couic, 'edge', true);
  await edge.more(5);
  await until(() => lines.some((line) => line.includes('is not reached')));
  const other = await new BulkServer(() => 0.5).start();
  onTestFinished(() => other.stop());
  other.faulty = 0;
  const changed = await service.reload(
    config({ events: { elasticsearch: { ...away.elasticsearch, endpoint: other.url } } }),
  );
  expect(changed).toEqual({ added: [], changed: ['exporter elasticsearch'], removed: [] });
  await edge.more(5);
  const sent = await edge.stop();
  expect(edge.refused).toEqual([]);
  await until(() => (other.byAction()['edge couic.rule.added'] ?? 0) >= sent);
  expect(other.byAction()).toEqual({ 'edge couic.rule.added': sent });
  expect(other.counts.again).toBe(0);
});
