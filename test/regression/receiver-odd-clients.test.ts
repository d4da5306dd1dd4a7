import { afterEach, expect, test } from 'vitest';
import { configSchema } from '../../plugins/receivers/couic/config.ts';
import { CouicReceiver } from '../../plugins/receivers/couic/receiver.ts';
import { FakeLedger } from '../support/fake-ledger.ts';
import { postHead, rawConnection } from '../support/raw-http.ts';
import { receiverContext } from '../support/receiver-context.ts';

const REFUSED = 'couic.bridge.receiver.refused_requests';
const PATH = '/v1/reports';

async function start() {
  const context = receiverContext(new FakeLedger());
  const config = configSchema.parse({ endpoint: '127.0.0.1:0', instances: [{ name: 'couic' }] });
  const receiver = new CouicReceiver(context, config);
  await receiver.start();
  afterEach(() => receiver.shutdown(AbortSignal.abort()));
  return { context, port: receiver.endpoint.port };
}

test('a Couic that gives up in the middle of a body was counted and logged as one that does not speak HTTP', async () => {
  const { context, port } = await start();
  const connection = await rawConnection(port);
  connection.write(`${postHead(PATH, 1000)}[{"action":`);
  await new Promise((resolve) => setTimeout(resolve, 20));
  connection.socket.end();
  expect(await connection.closed()).toBe('');
  expect(await context.points(REFUSED)).toEqual([]);
  expect(context.logText()).not.toContain('Refused');
});

test('a QUERY without a content type was answered with 500, and a stack trace in the log', async () => {
  const { context, port } = await start();
  const connection = await rawConnection(port);
  connection.write(`QUERY ${PATH} HTTP/1.1\r\nHost: bridge\r\nConnection: close\r\n\r\n`);
  expect(await connection.closed()).toMatch(/^HTTP\/1\.1 405 /);
  expect(await context.points(REFUSED)).toEqual([[{ reason: 'method' }, 1]]);
  expect(context.logText()).not.toContain('failed inside the bridge');
});
