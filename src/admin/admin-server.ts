import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Admin, AdminError } from './admin.ts';
import { adminSocketFile, adminSocketPath, type SocketPath } from './socket-path.ts';

/** Requests are a few words. */
const MOST_BODY = 65_536;

/**
 * Lets the command line ask the bridge that runs, over a Unix socket in the state directory: whoever may read the state
 * may ask, nobody else. No network, no token.
 */
export class AdminServer {
  readonly #admin: Admin;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  #path: SocketPath | undefined;
  #file: string | undefined;

  constructor(admin: Admin) {
    this.#admin = admin;
  }

  /** @param directory - of the state, which this process has locked: a socket that stands there is a leftover. */
  async start(directory: string): Promise<void> {
    const file = adminSocketFile(directory);
    rmSync(file, { force: true });
    this.#path = adminSocketPath(directory);
    try {
      this.#server.listen(this.#path.path);
      await once(this.#server, 'listening');
    } catch (error) {
      this.#path.release();
      this.#path = undefined;
      throw error;
    }
    this.#file = file;
    chmodSync(file, 0o600);
    // It is no reason for the process to stay.
    this.#server.unref();
  }

  /** Safe without `start()`, and twice. */
  async stop(): Promise<void> {
    if (!this.#path || !this.#file) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
    rmSync(this.#file, { force: true });
    this.#path.release();
    this.#path = undefined;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const result = await this.#answer(request);
      send(response, 200, { result: result ?? null });
    } catch (error) {
      const refused = error instanceof AdminError;
      send(response, refused ? 409 : 500, { error: (error as Error).message });
    }
  }

  async #answer(request: IncomingMessage): Promise<unknown> {
    const { url, method } = request;
    if (method === 'GET' && url === '/components') return this.#admin.components();
    if (method === 'GET' && url === '/examine') return this.#admin.examine();
    if (method !== 'POST' || url !== '/call') throw new AdminError(`there is no ${method} ${url}`);
    const { component, operation, argument } = await readCall(request);
    return this.#admin.call(component, operation, argument);
  }
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

function send(response: ServerResponse, status: number, body: object): void {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}
