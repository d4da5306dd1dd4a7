import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import { pino } from 'pino';
import { systemClock } from '../../../src/clock.ts';
import { ConnectionBudget } from '../../../src/http/connection-budget.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';

const BODY = '{"status":"Server available"}\n';
const HEADERS = { 'content-type': 'application/json; charset=utf-8', 'content-length': BODY.length };

/** What each of four listeners would have of its own in place of the router: a path, a method, an answer. */
function withSwitch(): void {
  const server = createServer((request, response) => {
    if (request.url !== '/health' || request.method !== 'GET') response.writeHead(404).end();
    else response.writeHead(200, HEADERS).end(BODY);
  });
  server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as { port: number }).port }));
}

async function listen(): Promise<number> {
  const listener = new HttpListener({
    name: 'benchmark',
    limits: { read_header_timeout: 10_000, idle_timeout: 120_000, write_timeout: 30_000, max_connections: 64 },
    router: {
      routes: [
        { path: '/health', methods: ['GET'], answer: (_request, reply) => void reply.headers(HEADERS).send(BODY) },
      ],
      notFound: (_request, reply) => void reply.code(404).send(),
      methodNotAllowed: (_request, reply) => void reply.code(405).send(),
      failed: (_error, _request, reply) => void reply.code(500).send(),
    },
    budget: new ConnectionBudget(),
    logger: pino({ enabled: false }),
    clock: systemClock,
  });
  return (await listener.open({ host: '127.0.0.1', port: 0 })).port;
}

/** The second and the following listeners: the first one loads and compiles what all share. */
async function withRouter(): Promise<void> {
  const port = await listen();
  const more = 20;
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const start = performance.now();
  for (let i = 0; i < more; i++) await listen();
  const milliseconds = (performance.now() - start) / more;
  globalThis.gc?.();
  const kilobytes = (process.memoryUsage().heapUsed - heap) / 1024 / more;
  process.send?.({ port, milliseconds, kilobytes });
}

if (process.argv[2] === 'switch') withSwitch();
else await withRouter();
