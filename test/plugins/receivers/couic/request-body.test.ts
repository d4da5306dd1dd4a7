import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { discardRequest, RequestBody } from '../../../../plugins/receivers/couic/request-body.ts';
import { deferred } from '../../../support/deferred.ts';
import { postHead, type RawConnection, rawConnection } from '../../../support/raw-http.ts';

/** A server that hands over each request, and a client that is written to by hand. */
async function serve(handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<RawConnection> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = await rawConnection((server.address() as AddressInfo).port);
  onTestFinished(() => {
    client.socket.destroy();
    server.close();
  });
  return client;
}

async function open(length: number | 'chunked') {
  const requests = deferred<IncomingMessage>();
  const client = await serve(requests.resolve);
  client.write(postHead('/', length));
  return { client, request: await requests.promise };
}

test('gives the bytes as they come, and ends', async () => {
  const { client, request } = await open(6);
  const body = new RequestBody(request, 1000);
  const first = body.next();
  client.write('abc');
  expect(String((await first).value)).toBe('abc');
  client.write('def');
  expect(String((await body.next()).value)).toBe('def');
  expect(await body.next()).toEqual({ done: true, value: undefined });
  expect(await body.next()).toEqual({ done: true, value: undefined });
});

test('reads nothing before it is asked, and no more ahead than its bound', async () => {
  const { client, request } = await open('chunked');
  const body = new RequestBody(request, 1000);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  client.write(chunk.repeat(64));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(request.readableFlowing).toBe(null);

  let read = (await body.next()).value!.length;
  await expect.poll(() => request.isPaused()).toBe(true);
  client.write('0\r\n\r\n');
  for await (const bytes of body) read += bytes.length;
  expect(read).toBe(64 * 65_536);
});

test('a reader that stops early leaves the connection fit for an answer and for the next request', async () => {
  const answered: string[] = [];
  const client = await serve(async (request, response) => {
    for await (const bytes of new RequestBody(request, 1000)) {
      answered.push(String(bytes).slice(0, 3));
      break;
    }
    response.end('enough');
  });
  client.write(`${postHead('/', 200_000)}abc`);
  await client.until('enough');
  client.write('d'.repeat(199_997) + postHead('/', 3));
  client.write('end');
  await expect.poll(() => answered).toEqual(['abc', 'end']);
});

test('what is refused is dropped for a while, then the connection is', async () => {
  const client = await serve((request, response) => {
    response.end('no');
    discardRequest(request, 50);
  });
  client.write(`${postHead('/', 200_000)}abc`);
  await client.until('no');
  await client.closed();
});

test('a body that came whole does not cost the connection', async () => {
  let requests = 0;
  const client = await serve((request, response) => {
    requests += 1;
    response.end('no');
    discardRequest(request, 20);
  });
  client.write(`${postHead('/', 3)}abc`);
  await client.until('no');
  await new Promise((resolve) => setTimeout(resolve, 60));
  client.write(`${postHead('/', 3)}abc`);
  await expect.poll(() => requests).toBe(2);
});

test('a body that stands still is an error, one that its reader keeps waiting is not', async () => {
  const { client, request } = await open(100);
  const body = new RequestBody(request, 50);
  client.write('abc');
  await body.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.write('def');
  expect(String((await body.next()).value)).toBe('def');
  await expect(body.next()).rejects.toMatchObject({ name: 'BodyStalledError' });
});

test('a client that hangs up is an error, before and during the reading', async () => {
  const during = await open(100);
  const body = new RequestBody(during.request, 1000);
  const next = body.next();
  during.client.socket.destroy();
  await expect(next).rejects.toMatchObject({ name: 'ClientGoneError' });
  await expect(body.next()).rejects.toMatchObject({ name: 'ClientGoneError' });

  const before = await open(100);
  before.client.socket.destroy();
  await expect.poll(() => before.request.destroyed).toBe(true);
  await expect(new RequestBody(before.request, 1000).next()).rejects.toMatchObject({ name: 'ClientGoneError' });
});
