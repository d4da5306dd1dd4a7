import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { isGone, scrape } from './listeners.ts';

const GET = 'GET /metrics HTTP/1.1\r\nHost: bridge\r\n\r\n';

async function open(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

test('1,600 requests sent ahead by one that reads nothing: a few are taken, and it is cut off', async () => {
  const { port, collections, context } = await scrape({}, 15_000);
  const socket = await open(port);
  socket.pause();
  socket.write(GET.repeat(1600));
  await expect.poll(() => isGone(socket), { timeout: 10_000 }).toBe(true);
  expect(collections()).toBeLessThanOrEqual(1);
  expect(context.logged.join()).toContain('too many requests were sent ahead');
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
});

test('a few requests sent ahead are answered in their order', async () => {
  const { port } = await scrape();
  const socket = await open(port);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  socket.write(GET.repeat(10) + GET.replace('/metrics', '/'));
  await expect.poll(() => text).toContain('<a href="/metrics">');
  expect(text.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(11);
});

test('one that reads nothing of a large answer is cut off, and others are served meanwhile', async () => {
  const { port, context } = await scrape({ max_connections: 4 }, 15_000);
  const idle = await Promise.all(Array.from({ length: 4 }, () => open(port)));
  for (const socket of idle) {
    socket.pause();
    socket.write(GET);
  }
  await expect.poll(() => idle.filter((socket) => !isGone(socket)), { timeout: 10_000 }).toEqual([]);
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
  expect(context.logged.join()).toContain('did not read its answers for write_timeout');
});
