import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ask, isGone, LISTENERS } from './listeners.ts';

const OK = /^HTTP\/1\.1 200 /;

describe.each(Object.entries(LISTENERS))('%s: without a token', (name, start) => {
  test('as many as there is room for that say nothing, or half a header, hold up nobody, and go', async () => {
    const listener = await start({ read_header_timeout: 500 });
    const silent: Socket[] = [];
    for (let i = 0; i < 40; i++) {
      const socket = await listener.connect();
      if (i % 2) socket.write(listener.good.slice(0, 10));
      silent.push(socket.resume());
    }
    expect(await ask(listener, listener.good)).toMatch(OK);
    await expect.poll(() => silent.filter((socket) => !isGone(socket)), { timeout: 10_000 }).toEqual([]);
    expect(await ask(listener, listener.good)).toMatch(OK);
  });

  test.skipIf(name.startsWith('reports'))('one that never sends the body it speaks of goes, too', async () => {
    const listener = await start({ read_header_timeout: 500 });
    const socket = (await listener.connect()).resume();
    socket.write(listener.good.replace('\r\n\r\n', '\r\nContent-Length: 1000000\r\n\r\n'));
    await expect.poll(() => isGone(socket), { timeout: 10_000 }).toBe(true);
  });

  test('one that never was silent is not the one that makes room', async () => {
    const listener = await start({ max_connections: 4 });
    const good = await listener.connect();
    let received = '';
    good.on('data', (data) => {
      received += data;
    });
    good.write(listener.good);
    await expect.poll(() => received).toMatch(OK);
    for (let i = 0; i < 12; i++) await listener.connect();
    received = '';
    good.write(listener.good);
    await expect.poll(() => received).toMatch(OK);
  });

  // The answers to reports are so short that it takes long until they fill what sockets buffer: in the longer run.
  test.skipIf(name === 'reports')('one that sends on and on, and reads nothing, is cut off', async () => {
    const listener = await start();
    const socket = await listener.connect();
    socket.pause();
    const many = listener.good.repeat(100);
    const flood = setInterval(() => socket.writable && socket.write(many), 5);
    await expect.poll(() => isGone(socket), { timeout: 10_000 }).toBe(true);
    clearInterval(flood);
    expect(await ask(listener, listener.good)).toMatch(OK);
  });

  test('what is wrong ends the connection, and what was sent behind it is not looked at', async () => {
    const listener = await start();
    const text = await ask(listener, listener.bad + listener.good);
    expect(text).toMatch(/^HTTP\/1\.1 40[14] .*connection: close/is);
    const socket = await listener.connect();
    socket.write(listener.bad.repeat(50));
    let all = '';
    for await (const data of socket) all += data;
    expect(all.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  test.each([
    ['a transfer coding that is not known', 'Transfer-Encoding: gzip, chunked\r\n', 501],
    ['an expectation that is not known', 'Expect: 200-ok\r\n', 417],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', 400],
    ['more headers than anybody has', 'a: b\r\n'.repeat(101), 431],
    ['more headers than Node would show', `${'a: b\r\n'.repeat(1100)}Origin: http://evil.example\r\n`, 431],
    ['longer headers than Node reads', `a: ${'b'.repeat(20_000)}\r\n`, 431],
  ])('%s is refused', async (_what, headers, status) => {
    const listener = await start();
    const [line] = listener.good.split('\r\n');
    const text = await ask(listener, `${line}\r\nHost: bridge\r\n${headers}\r\n`);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*connection: close`, 'is'));
  });
});
