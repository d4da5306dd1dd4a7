import { afterEach, expect, test } from 'vitest';
import { Host } from './harness.ts';

const HTTP = { http: { endpoint: '127.0.0.1:0' } };
let host: Host;
afterEach(() => host.end());

/** @param flags - 1: there is no value any more. */
async function push(resource: Record<string, string>, names: readonly string[], flags = 0): Promise<void> {
  const text = (value: string) => ({ stringValue: value });
  const gauge = { dataPoints: [{ asInt: '1', timeUnixNano: '1000000000', flags }] };
  const body = {
    resourceMetrics: [
      {
        resource: { attributes: Object.entries(resource).map(([key, value]) => ({ key, value: text(value) })) },
        scopeMetrics: [{ metrics: names.map((name) => ({ name, gauge })) }],
      },
    ],
  };
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(host.url, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(status).toBe(200);
}

test('before anybody has sent, the page and doctor say how', async () => {
  host = await new Host({ protocols: { ...HTTP, grpc: { endpoint: '127.0.0.1:0' } } }).start();
  const { http, grpc } = host.receiver.endpoints;
  const where = `http://127.0.0.1:${http!.port}/v1/metrics, 127.0.0.1:${grpc!.port} (gRPC)`;
  const lines = `exporters:\n  otlp_http:\n    endpoint: http://127.0.0.1:${http!.port}`;
  expect(host.receiver.status()).toMatchObject({
    where,
    trouble: null,
    steps: [{ title: 'Have metrics sent here', paste: { lines } }],
    panels: [{ rows: [], leftOut: 0 }],
  });
  expect(await host.receiver.examine()).toEqual([
    {
      level: 'warning',
      message: `listens on ${where}, and nobody has sent anything yet`,
      advice: `in the configuration of a Collector:\n${lines}`,
    },
  ]);
});

test.each([
  [
    { http: { endpoint: '127.0.0.1:4318' } },
    'exporters:\n  otlp_http:\n    endpoint: http://127.0.0.1:4318\n    headers: { Authorization: "Bearer ${env:BRIDGE_TOKEN}" }',
  ],
  [
    { grpc: { endpoint: '127.0.0.1:4317' } },
    'exporters:\n  otlp_grpc:\n    endpoint: 127.0.0.1:4317\n    tls: { insecure: true }\n    headers: { Authorization: "Bearer ${env:BRIDGE_TOKEN}" }',
  ],
  [
    { http: { endpoint: '0.0.0.0:4318' } },
    'exporters:\n  otlp_http:\n    endpoint: http://ADDRESS-OF-THIS-HOST:4318\n    headers: { Authorization: "Bearer ${env:BRIDGE_TOKEN}" }',
  ],
])('where it does not listen, doctor only says what a Collector needs: %j', async (protocols, lines) => {
  host = new Host({ protocols, auth: { tokens: ['a-token-of-a-collector'] } });
  expect(await host.receiver.examine()).toEqual([
    { level: 'ok', message: `in the configuration of a Collector:\n${lines}` },
  ]);
});

test('who sends is shown, the most series first, and what their names hold obeys nobody', async () => {
  host = await new Host({ protocols: HTTP, metric_expiration: '1h' }).start();
  await push({ 'service.name': 'waf', 'service.instance.id': 'one' }, ['a']);
  await push({ 'service.name': 'proxy\u202e', 'host.name': 'two' }, ['a', 'b']);
  await push({}, ['a']);
  const { panels, steps } = host.receiver.status();
  expect(steps).toEqual([]);
  expect(panels![0]!.rows.map(({ cells }) => cells)).toEqual([
    ['proxy\\u202e', 'two', 2, 2],
    ['waf', 'one', 1, 1],
    ['', '', 1, 1],
  ]);
  expect(await host.receiver.examine()).toEqual([
    { level: 'ok', message: 'keeps 4 series of at most 100000, of 3 sources; 4 of them are shown now' },
  ]);
});

test('a table that is full, and silence, are told with what to do', async () => {
  host = await new Host({ protocols: HTTP, max_series: 2 }).start();
  await push({ 'service.name': 'waf' }, ['a', 'b', 'c']);
  await push({ 'service.name': 'waf' }, ['a', 'b'], 1);
  expect(host.receiver.status().trouble).toBe(
    'all 2 places of max_series are taken: points of further series are refused',
  );
  expect(await host.receiver.examine()).toEqual([
    { level: 'ok', message: 'keeps 2 series of at most 2, of 1 source; 0 of them are shown now' },
    {
      level: 'warning',
      message: expect.stringMatching(/^none of them is there now: nothing was heard of them for 5m,/),
      advice: expect.stringContaining('sender'),
    },
    {
      level: 'warning',
      message: '2 of 2 places of max_series are taken: points of series beyond them are refused',
      advice: expect.stringContaining('raise max_series'),
    },
  ]);
});

test('no more than twenty sources are shown, and how many there are besides', async () => {
  host = await new Host({ protocols: HTTP }).start();
  for (let i = 0; i < 22; i++) await push({ 'service.name': `s${i}` }, ['a']);
  const [panel] = host.receiver.status().panels!;
  expect([panel!.rows.length, panel!.leftOut]).toEqual([20, 2]);
});
