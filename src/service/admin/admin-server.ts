import { chmodSync, rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../../clock.ts';
import type { ConnectionBudget } from '../../http/connection-budget.ts';
import { CLOSE } from '../../http/http-faults.ts';
import { HttpListener } from '../../http/http-listener.ts';
import type { ListenerLimits } from '../../http/listener-limits.ts';
import type { Answer, RouterOptions } from '../../http/router.ts';
import { type Admin, AdminError } from './admin.ts';
import { adminSocketFile, adminSocketPath, type SocketPath } from './socket-path.ts';

/** Requests are a few words. */
const MOST_BODY = 65_536;
/** Each command is a connection or two. */
const LIMITS: ListenerLimits = {
  read_header_timeout: 10_000,
  idle_timeout: 10_000,
  write_timeout: 30_000,
  max_connections: 16,
};

interface AdminServerOptions {
  readonly admin: Admin;
  readonly connections: ConnectionBudget;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits?: ListenerLimits;
}

/**
 * Lets the command line ask the bridge that runs, over a Unix socket in the state directory: whoever may read the state
 * may ask, nobody else. No network, no token.
 */
export class AdminServer {
  readonly #listener: HttpListener;
  #path: SocketPath | undefined;
  #file: string | undefined;

  constructor({ admin, connections, logger, clock, limits = LIMITS }: AdminServerOptions) {
    this.#listener = new HttpListener({
      name: 'admin socket',
      limits,
      router: routesOf(admin),
      budget: connections,
      logger,
      clock,
    });
  }

  /** @param directory - of the state, which this process has locked: a socket that stands there is a leftover. */
  async start(directory: string): Promise<void> {
    const file = adminSocketFile(directory);
    rmSync(file, { force: true });
    this.#path = adminSocketPath(directory);
    try {
      await this.#listener.open({ path: this.#path.path });
    } catch (error) {
      this.#path.release();
      this.#path = undefined;
      throw error;
    }
    this.#file = file;
    chmodSync(file, 0o600);
    this.#listener.unref();
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    if (!this.#path || !this.#file) return;
    await this.#listener.close(AbortSignal.abort());
    rmSync(this.#file, { force: true });
    this.#path.release();
    this.#path = undefined;
  }
}

function routesOf(admin: Admin): RouterOptions {
  const result = (ask: (request: IncomingMessage) => Promise<unknown>): Answer => {
    return async (request, reply) => send(reply, 200, { result: (await ask(request.raw)) ?? null });
  };
  const unknown: Answer = ({ method, url }, reply) =>
    send(reply.headers(CLOSE), 404, { error: `there is no ${method} ${url}` });
  return {
    routes: [
      { path: '/components', methods: ['GET'], answer: result(() => admin.components()) },
      { path: '/examine', methods: ['GET'], answer: result(() => admin.examine()) },
      {
        path: '/call',
        methods: ['POST'],
        answer: result(async (request) => {
          const { component, operation, argument } = await readCall(request);
          return admin.call(component, operation, argument);
        }),
      },
    ],
    notFound: unknown,
    methodNotAllowed: unknown,
    failed: (error, _request, reply) =>
      send(reply, error instanceof AdminError ? 409 : 500, { error: (error as Error).message }),
  };
}

async function readCall(
  request: IncomingMessage,
): Promise<{ component: string; operation: string; argument: unknown }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > MOST_BODY) throw new AdminError('the request is too long');
    chunks.push(chunk as Buffer);
  }
  const call = parse(Buffer.concat(chunks).toString('utf8'));
  if (typeof call?.component !== 'string' || typeof call.operation !== 'string') {
    throw new AdminError('expected {"component": …, "operation": …, "argument": …}');
  }
  return { component: call.component, operation: call.operation, argument: call.argument };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

function send(reply: FastifyReply, status: number, body: object): void {
  reply.code(status).header('content-type', 'application/json').send(JSON.stringify(body));
}
