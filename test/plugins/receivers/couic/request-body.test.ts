import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { RequestBody } from '../../../../plugins/receivers/couic/request-body.ts';
import { discardRequest } from '../../../../src/http/discard-request.ts';
import { deferred } from '../../../support/deferred.ts';
import { postHead, type RawConnection, rawConnection } from '../../../support/raw-http.ts';

const PATIENT = Number.POSITIVE_INFINITY;

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
  const first = body.read(PATIENT);
  client.write('abc');
  expect(String(await first)).toBe('abc');
  client.write('def');
  expect(String(await body.read(PATIENT))).toBe('def');
  expect(await body.read(PATIENT)).toBe(null);
  expect(await body.read(PATIENT)).toBe(null);
});

test('reads nothing before it is asked, and no more ahead than its bound', async () => {
  const { client, request } = await open('chunked');
  const body = new RequestBody(request, 1000);
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  client.write(chunk.repeat(64));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(request.readableFlowing).toBe(null);

  let read = (await body.read(PATIENT))!.length;
  await expect.poll(() => request.isPaused()).toBe(true);
  client.write('0\r\n\r\n');
  for (let bytes = await body.read(PATIENT); bytes; bytes = await body.read(PATIENT)) read += bytes.length;
  expect(read).toBe(64 * 65_536);
});

test('a reader that stops early leaves the connection fit for an answer and for the next request', async () => {
  const answered: string[] = [];
  const client = await serve(async (request, response) => {
    const body = new RequestBody(request, 1000);
    answered.push(String(await body.read(PATIENT)).slice(0, 3));
    body.discard();
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
  await body.read(PATIENT);
  await new Promise((resolve) => setTimeout(resolve, 100));
  client.write('def');
  expect(String(await body.read(PATIENT))).toBe('def');
  await expect(body.read(PATIENT)).rejects.toMatchObject({ name: 'BodyStalledError' });
});

test('a body of which a byte comes now and then stands still, one that is slow does not', async () => {
  const drip = async (client: RawConnection, bytes: number, every: number, isOver: () => boolean) => {
    for (let i = 0; i < 40 && !isOver(); i++) {
      client.write('x'.repeat(bytes));
      await new Promise((resolve) => setTimeout(resolve, every));
    }
  };
  for (const [bytes, every, isCut] of [
    [1, 100, true],
    [8, 50, false],
  ] as const) {
    const { client, request } = await open(40 * bytes);
    const body = new RequestBody(request, 1000);
    let isOver = false;
    const read = async () => {
      try {
        // A reader without patience waits as well.
        while ((await body.read(30)) !== null);
      } finally {
        isOver = true;
      }
    };
    const all = read();
    const verdict = isCut ? expect(all).rejects.toMatchObject({ name: 'BodyStalledError' }) : all;
    await drip(client, bytes, every, () => isOver);
    await verdict;
  }
});

test('tells that nothing came for a while, and goes on', async () => {
  const { client, request } = await open(6);
  const body = new RequestBody(request, 100);
  client.write('abc');
  expect(String(await body.read(5))).toBe('abc');
  expect(await body.read(5)).toBe(undefined);
  expect(await body.read(5)).toBe(undefined);
  const next = body.read(PATIENT);
  client.write('def');
  expect(String(await next)).toBe('def');
});

test('a wait that began later is not cut by the timer of an earlier one', async () => {
  const { client, request } = await open(100);
  const body = new RequestBody(request, 80);
  const first = body.read(PATIENT);
  client.write('abc');
  await first;
  // Over the time at which the first wait would have ended.
  for (let i = 0; i < 6; i++) expect(await body.read(20)).toBe(undefined);
  await expect(body.read(PATIENT)).rejects.toMatchObject({ name: 'BodyStalledError' });
});

test('knows its end from the length in its header', async () => {
  const { client, request } = await open(6);
  const body = new RequestBody(request, 1000);
  client.write('abc');
  await body.read(PATIENT);
  expect(body.ended).toBe(false);
  client.write('def');
  await body.read(PATIENT);
  expect(body.ended).toBe(true);
  expect(await body.read(PATIENT)).toBe(null);
});

test('takes back the memory of what was read, with the next reading and with the end', async () => {
  const { client, request } = await open(30_000);
  const body = new RequestBody(request, 1000);
  client.write('x'.repeat(10_000));
  const first = (await body.read(PATIENT))!;
  expect(first.length).toBe(10_000);
  const next = body.read(PATIENT);
  expect(first.length).toBe(0);
  client.write('y'.repeat(20_000));
  const second = (await next)!;
  body.discard();
  expect(second.length).toBe(0);
});

test('a client that hangs up is an error, before and during the reading', async () => {
  const during = await open(100);
  const body = new RequestBody(during.request, 1000);
  const next = body.read(PATIENT);
  during.client.socket.destroy();
  await expect(next).rejects.toMatchObject({ name: 'ClientGoneError' });
  await expect(body.read(PATIENT)).rejects.toMatchObject({ name: 'ClientGoneError' });

  const before = await open(100);
  before.client.socket.destroy();
  await expect.poll(() => before.request.destroyed).toBe(true);
  await expect(new RequestBody(before.request, 1000).read(PATIENT)).rejects.toMatchObject({ name: 'ClientGoneError' });
});
