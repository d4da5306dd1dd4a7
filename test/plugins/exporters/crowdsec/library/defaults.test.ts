import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  CrowdSecUsageMetricsExporter,
  type CrowdSecUsageMetricsExporterOptions,
} from '../../../../../plugins/exporters/crowdsec/library/index.ts';
import { FakeTime, until } from '../../../../support/fake-time.ts';
import { LapiServer } from '../../../../support/lapi/server.ts';
import { collection } from '../points.ts';

const DAY = 86_400_000;

let lapi: LapiServer;
let exporter: CrowdSecUsageMetricsExporter;
let time: FakeTime;
beforeEach(async () => {
  time = new FakeTime();
  lapi = await new LapiServer({ now: () => time.now() }).start();
});
afterEach(async () => {
  await exporter.shutdown(AbortSignal.abort());
  await lapi.stop();
});

/** With what is not said left to the defaults. */
function started(options: Partial<CrowdSecUsageMetricsExporterOptions>) {
  const ignore = () => {};
  exporter = new CrowdSecUsageMetricsExporter({
    endpoint: lapi.url,
    apiKey: 'test-key',
    component: { name: 'gate', type: 'gate', version: '1', feature_flags: [] },
    mapping: ({ metric, attributes }) => ({
      name: metric,
      unit: 'request',
      labels: attributes as Record<string, string>,
    }),
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    clock: time,
    sleep: time.sleep,
    ...options,
  });
}
const count = (value: number, origin = 'a') => collection({ name: 'dropped', points: [[{ origin }, value]] });

it.each([
  [0.5, [5000, 7500, 11_250, 16_875, 25_312.5, 30_000, 30_000]],
  [0, [2500, 3750]],
])('waits 5 s, and half as much again each time up to 30 s, spread by half (%d)', async (random, expected) => {
  for (let n = 0; n < 10; n++) lapi.faults.push({ kind: 'status', status: 503 });
  started({ heartbeat: 0, random: () => random });
  await exporter.seal(count(1));
  exporter.send();
  const waits: number[] = [];
  while (waits.length < expected.length) {
    await until(() => time.waits.length === 1, 'a wait');
    waits.push(time.waits[0]!);
    time.advance(waits.at(-1)!);
  }
  expect(waits).toEqual(expected);
});

it('shows LAPI each quarter of an hour that it is there', async () => {
  started({ random: () => 0.5 });
  await exporter.start();
  await until(() => time.waits.length === 1, 'a heartbeat');
  expect(time.waits).toEqual([15 * 60_000]);
});

it('gives 100 origins a place, and keeps what waits for seven days', async () => {
  for (let n = 0; n < 5; n++) lapi.faults.push({ kind: 'status', status: 503 });
  started({ heartbeat: 0 });
  const origins = Array.from({ length: 101 }, (_, n) => `origin-${n}`);
  await exporter.seal(collection({ name: 'dropped', points: origins.map((origin) => [{ origin }, 1]) }));
  const [window] = exporter.outbox.waiting;
  expect(window!.items).toBe(101);
  expect(window!.body).toContain('"origin":"other"');
  expect(window!.body).not.toContain('origin-100');
  time.step(7 * DAY);
  await exporter.forceFlush();
  expect(exporter.outbox.size).toBe(1);
  time.step(1);
  await exporter.forceFlush();
  expect(exporter.outbox.size).toBe(0);
  expect(lapi.pushes).toEqual([]);
});

it('asks a LAPI on this host, unless it is told of another', async () => {
  started({ endpoint: undefined as never });
  expect(exporter.client!.endpoint).toBe('http://127.0.0.1:8080');
});

it('needs the level of gauges, and takes counters as it is told', () => {
  started({ temporality: 'delta' });
  const delta = ['COUNTER', 'OBSERVABLE_COUNTER', 'UP_DOWN_COUNTER', 'OBSERVABLE_GAUGE', 'GAUGE'] as const;
  expect(delta.map((type) => exporter.selectAggregationTemporality(type as never))).toEqual([0, 0, 1, 1, 1]);
  started({});
  expect(exporter.selectAggregationTemporality('COUNTER' as never)).toBe(1);
});
