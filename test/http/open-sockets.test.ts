import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { ConnectionBudget } from '../../src/http/connection-budget.ts';
import { HttpListener } from '../../src/http/http-listener.ts';
import type { ListenerLimits } from '../../src/http/listener-limits.ts';
import type { Answer } from '../../src/http/router.ts';
import { freePort } from '../support/free-port.ts';

const LIMITS: ListenerLimits = {
  read_header_timeout: 10_000,
  idle_timeout: 10_000,
  write_timeout: 10_000,
  max_connections: 10,
};
const never = new AbortController().signal;

/** Connections as the listeners see them. */
const accepted: Socket[] = [];

/** Once so many connections have sent something. */
async function asked(connections: number): Promise<void> {
  await vi.waitFor(() => expect(accepted.filter(({ bytesRead }) => bytesRead > 0)).toHaveLength(connections), {
    interval: 5,
  });
}

function listener(budget: ConnectionBudget, answer: Answer, limits = LIMITS): HttpListener {
  accepted.length = 0;
  const refuse: Answer = (_request, reply) => void reply.code(404).send('no');
  const made = new HttpListener({
    name: 'test',
    limits,
    router: {
      routes: [{ path: '/', methods: ['GET'], answer }],
      notFound: refuse,
      methodNotAllowed: refuse,
      failed: () => {},
    },
    budget,
    onConnection: (socket) => accepted.push(socket),
    logger: pino({ enabled: false }),
    clock: systemClock,
  });
  onTestFinished(() => made.close(AbortSignal.abort()));
  return made;
}

const saying =
  (text: string): Answer =>
  (_request, reply) =>
    void reply.send(text);

/** A client of one connection at a time, and how many it has opened. */
function client(port: number) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const sockets = new Set<unknown>();
  const get = async (): Promise<string> => {
    const sent = request({ port, host: '127.0.0.1', agent }).end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    sockets.add(response.socket);
    return `${response.statusCode} ${Buffer.concat(await response.toArray())}`;
  };
  return { get, sockets };
}

test('while sockets are held, the next listener takes over, with its connections and whoever asked in between', async () => {
  const budget = new ConnectionBudget();
  const endpoint = { host: '127.0.0.1', port: await freePort() };
  const first = listener(budget, saying('first'));
  await first.open(endpoint);
  const { get, sockets } = client(endpoint.port);
  expect(await get()).toBe('200 first');
  budget.sockets.hold();
  await first.close(never);
  const [early, other] = [get(), client(endpoint.port).get()];
  await asked(2);
  const second = listener(budget, saying('second'));
  await second.open(endpoint);
  await budget.sockets.release(never);
  expect(await early).toBe('200 second');
  expect(await other).toBe('200 second');
  expect(await get()).toBe('200 second');
  expect(sockets.size).toBe(1);
});

test('what is under way goes on with who began it', async () => {
  const budget = new ConnectionBudget();
  const endpoint = { host: '127.0.0.1', port: 0 };
  let finish: (() => void) | undefined;
  const first = listener(budget, (_request, reply) => {
    finish = () => void reply.send('first, at last');
  });
  const { port } = await first.open(endpoint);
  const slow = client(port).get();
  await vi.waitFor(() => expect(finish).toBeDefined(), { interval: 5 });
  budget.sockets.hold();
  await first.close(never);
  const second = listener(budget, saying('second'));
  expect(await second.open(endpoint)).toEqual({ host: '127.0.0.1', port });
  await budget.sockets.release(never);
  expect(await client(port).get()).toBe('200 second');
  finish?.();
  expect(await slow).toBe('200 first, at last');
});

test('a socket that nobody takes is closed; who asked meanwhile is answered by the one that had it', async () => {
  const budget = new ConnectionBudget();
  const first = listener(budget, saying('first'));
  const { port } = await first.open({ host: '127.0.0.1', port: 0 });
  budget.sockets.hold();
  await first.close(never);
  const waiting = client(port).get();
  await asked(1);
  await budget.sockets.release(never);
  expect(await waiting).toBe('200 first');
  await expect(client(port).get()).rejects.toThrow('ECONNREFUSED');
});

test('a place whose listener goes on answering is not to be had', async () => {
  const budget = new ConnectionBudget();
  const { port } = await listener(budget, saying('first')).open({ host: '127.0.0.1', port: await freePort() });
  budget.sockets.hold();
  await expect(listener(budget, saying('second')).open({ host: '127.0.0.1', port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: something listens there already`,
  );
  expect(await client(port).get()).toBe('200 first');
});

test('the bounds are those of who answers now', async () => {
  const budget = new ConnectionBudget();
  const endpoint = { host: '127.0.0.1', port: await freePort() };
  const first = listener(budget, saying('first'));
  await first.open(endpoint);
  const kept = client(endpoint.port);
  await kept.get();
  budget.sockets.hold();
  await first.close(never);
  await listener(budget, saying('second'), { ...LIMITS, max_connections: 1 }).open(endpoint);
  await client(endpoint.port).get();
  await kept.get();
  // The second client's connection had taken the place of the first one's.
  expect(kept.sockets.size).toBe(2);
});
