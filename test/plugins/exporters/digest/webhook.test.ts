import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../support/fake-time.ts';
import { DigestHarness } from './harness.ts';

let server: Server;
let requests: { headers: IncomingMessage['headers']; body: string }[];
let statuses: number[];
let endpoint: string;
beforeEach(async () => {
  requests = [];
  statuses = [];
  server = createServer(async (request, response) => {
    let body = '';
    for await (const text of request.setEncoding('utf8')) body += text;
    requests.push({ headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/s3cret`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test('the document has what Discord is told and more, under the same id each time, signed', async () => {
  const key = Buffer.alloc(32, 'k');
  const secret = `whsec_${key.toString('base64')}`;
  const webhook = [{ endpoint, secret, headers: { authorization: 'Bearer abc' } }];
  const harness = await new DigestHarness({ top_networks: 1, notifiers: { webhook } }).start();
  statuses.push(503);
  await harness.report([{ cidr: '192.0.2.1/32' }, { cidr: '2001:db8::/48', tag: null, policy: 'ignore' }]);
  const from = new Date(harness.time.now() - 1000).toISOString();
  await harness.pass();
  await until(() => requests.length === 1);
  await until(() => {
    harness.time.advance(1000);
    return requests.length === 2;
  });
  const [first, second] = requests;
  expect(second!.body).toBe(first!.body);
  const id = second!.headers['webhook-id'] as string;
  const document = JSON.parse(second!.body);
  expect(document).toEqual({
    version: 1,
    type: 'couic.digest',
    id,
    name: 'test',
    from,
    to: new Date(Date.parse(from) + 900_000).toISOString(),
    interval_seconds: 900,
    level: 'green',
    thresholds: { orange: 10, red: 100 },
    total: 2,
    distinct_networks: 2,
    distinct_networks_is_least: false,
    top_tags: [{ tag: 'scanner', count: 1 }],
    top_networks: [{ network: '192.0.2.1/32', count: 1 }],
    dropped_packets: null,
    instances: [{ name: 'paris', total: 2, distinct_networks: 2, dropped_packets: null }],
    complete: true,
  });
  for (const { headers, body } of requests) {
    const signed = `${id}.${headers['webhook-timestamp']}.${body}`;
    expect(headers).toMatchObject({
      'webhook-id': id,
      authorization: 'Bearer abc',
      'content-type': 'application/json',
      'webhook-signature': `v1,${createHmac('sha256', key).update(signed).digest('base64')}`,
    });
  }
  await harness.stop();
  expect(harness.context.logged.join('\n')).not.toMatch(/s3cret|whsec|Bearer/);
});

test('a document that is not wanted is dropped, and said so', async () => {
  const harness = await new DigestHarness({ notifiers: { webhook: [{ endpoint }] } }).start();
  statuses.push(422);
  await harness.report([{}]);
  await harness.pass();
  await until(() => harness.records.some(({ fate }) => fate === 'refused'));
  expect(requests).toHaveLength(1);
  await harness.stop();
});

test('each notifier has its own queue: one that is away holds up no other, and one that is not configured any more is let go', async () => {
  const gone = {
    webhook: [
      { endpoint, name: 'here' },
      { endpoint: 'http://127.0.0.1:9/', name: 'away' },
    ],
  };
  const first = await new DigestHarness({ notifiers: gone }).start();
  await first.report([{}]);
  await first.pass();
  await until(() => first.records.some(({ fate }) => fate === 'sent'));
  await first.kill();
  const second = await new DigestHarness({ notifiers: { webhook: [gone.webhook[0]] } }, first).start();
  expect(second.records.map(({ fate }) => fate).filter(Boolean)).toEqual(['sent', 'gone']);
  await second.stop();
  expect(requests).toHaveLength(1);
});
