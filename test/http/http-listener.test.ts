import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';
import type { HttpFaultCode } from '../../src/http/http-faults.ts';
import { HttpListener } from '../../src/http/http-listener.ts';
import type { ListenerLimits } from '../../src/http/listener-limits.ts';
import type { Answer } from '../../src/http/router.ts';

const LIMITS: ListenerLimits = {
  read_header_timeout: 10_000,
  idle_timeout: 10_000,
  write_timeout: 10_000,
  max_connections: 100,
};
const GET = 'GET / HTTP/1.1\r\nHost: bridge\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: bridge\r\nTransfer-Encoding: chunked\r\n\r\n';
/** More than sockets buffer. */
const LARGE = Buffer.alloc(20_000_000, 'x');

interface Options {
  readonly limits?: Partial<ListenerLimits>;
  readonly answer?: Answer;
  readonly budget?: ConnectionBudget;
  readonly clock?: Clock;
}

async function listen({ limits, answer = () => {}, budget = new ConnectionBudget(), clock = systemClock }: Options) {
  const faults: HttpFaultCode[] = [];
  const refuse: Answer = (_request, reply) => void reply.code(404).header('connection', 'close').send('no');
  const listener = new HttpListener({
    name: 'test',
    limits: { ...LIMITS, ...limits },
    router: {
      routes: [{ path: '/', methods: ['GET'], answer }],
      notFound: refuse,
      methodNotAllowed: refuse,
      failed: () => {},
    },
    budget,
    onFault: (code) => faults.push(code),
    logger: pino({ enabled: false }),
    clock,
  });
  const { port } = await listener.open({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => listener.close(AbortSignal.abort()));
  const open = async (text: string): Promise<Socket> => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.write(text);
    return socket;
  };
  return { open, faults };
}

test('has as many connections as its share of the descriptors', async () => {
  const { open, faults } = await listen({ budget: new ConnectionBudget(8) });
  for (let i = 0; i < 4; i++) await open(GET);
  expect(faults).toEqual([]);
  await open(GET);
  await expect.poll(() => faults).toEqual(['ERR_TOO_MANY_CONNECTIONS']);
});

test('when all are at work, one that does not read its answer makes room', async () => {
  let answered = 0;
  const { open, faults } = await listen({
    limits: { max_connections: 2 },
    answer: (_request, reply) => {
      answered++;
      reply.send(LARGE);
    },
  });
  const behind = [(await open(GET)).pause(), (await open(GET)).pause()];
  await expect.poll(() => answered).toBe(2);
  await expect
    .poll(
      async () => {
        const socket = await open(GET);
        const data = await new Promise((resolve) => {
          socket
            .once('data', resolve)
            .once('end', () => resolve(undefined))
            .once('close', () => resolve(undefined));
        });
        socket.destroy();
        return data instanceof Buffer && String(data.subarray(0, 15));
      },
      { timeout: 8000, interval: 100 },
    )
    .toBe('HTTP/1.1 200 OK');
  expect(faults).not.toContain('ERR_NOT_READ');
  for (const socket of behind) socket.destroy();
});

test('a silent connection is destroyed with its answer, and waits for no round of looking', async () => {
  const stopped = { now: () => 0, monotonic: () => 0 };
  const { open } = await listen({ limits: { read_header_timeout: 100 }, clock: stopped });
  const socket = (await open('')).resume();
  await once(socket, 'end');
  await expect
    .poll(() => {
      socket.write('\r\n');
      return socket.destroyed;
    })
    .toBe(true);
});

test('whoever goes on sending after a refusal is cut off', async () => {
  const { open } = await listen({ limits: { read_header_timeout: 60_000, idle_timeout: 60_000 } });
  const socket = (await open(POST)).resume();
  const flood = setInterval(() => socket.writable && socket.write('1\r\nx\r\n'), 20);
  onTestFinished(() => clearInterval(flood));
  await expect.poll(() => socket.destroyed, { timeout: 10_000 }).toBe(true);
});
