import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type BouncerCounts, renderTable } from '../../../plugins/exporters/crowdsec/cscli-table.ts';
import { authenticate } from './authenticate.ts';
import { Bouncers } from './bouncers.ts';
import { type Fault, playAfter, playBefore } from './faults.ts';
import { judge } from './rules.ts';
import { countAsCscli, oldestSecond, type StoredPush } from './table.ts';

const DAY = 86_400_000;

export interface LapiOptions {
  /** @default 0: the system chooses. */
  port?: number;
  /** A Unix socket in place of a port. */
  path?: string;
  host?: string;
  /** Bouncer name by key. @default {'test-key': 'bridge'} */
  keys?: Readonly<Record<string, string>>;
  /** LAPI's clock. @default Date.now */
  now?: () => number;
  /** A LAPI before 1.6.3 has no usage metrics. @default true */
  usageMetrics?: boolean;
  /** How long stored windows are kept (`metrics_max_age`). @default 7 days */
  maxAge?: number;
  /** Serves TLS; with `requestCert` it goes by a client certificate of `ca`, and not by the key. */
  tls?: ServerOptions;
  /** `bouncers_allowed_ou`. @default ['bouncer-ou'] */
  allowedOu?: readonly string[];
  /** Told after each stored window. */
  onPush?(push: StoredPush): void;
}

/** One request as it came, for assertions on bytes and headers. */
export interface SeenRequest {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
  from: string;
}

/**
 * A server that answers usage metrics as CrowdSec's LAPI was measured to, row by row, and that counts what it took as
 * `cscli metrics show bouncers` does. Faults are played in order, one for each POST.
 */
export class LapiServer {
  readonly requests: SeenRequest[] = [];
  readonly pushes: StoredPush[] = [];
  readonly faults: Fault[] = [];
  readonly bouncers: Bouncers;
  readonly #options: LapiOptions;
  readonly #now: () => number;
  readonly #server: Server;

  constructor(options: LapiOptions = {}) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.bouncers = new Bouncers(options.keys ?? { 'test-key': 'bridge' }, this.#now);
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = options.tls ? createTlsServer(options.tls, handle) : createServer(handle);
  }

  async start(): Promise<this> {
    const { path, port = 0, host = '127.0.0.1' } = this.#options;
    this.#server.listen(path === undefined ? { port, host } : { path });
    await once(this.#server, 'listening');
    return this;
  }

  get url(): string {
    if (this.#options.path !== undefined) return `unix://${this.#options.path}`;
    const { address, port, family } = this.#server.address() as AddressInfo;
    return `${this.#options.tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  /** Windows that LAPI still keeps. */
  get kept(): StoredPush[] {
    const oldest = this.#now() - (this.#options.maxAge ?? 7 * DAY);
    return this.pushes.filter(({ receivedAt }) => receivedAt >= oldest);
  }

  /** `[origin][name][unit]` of one bouncer, as `cscli metrics show bouncers` counts. */
  counts(bouncer = 'bridge'): BouncerCounts {
    return countAsCscli(this.kept).get(bouncer) ?? {};
  }

  /** What `cscli metrics show bouncers --no-unit` would draw of one bouncer that has told something. */
  table(bouncer: string): string {
    return renderTable(bouncer, this.counts(bouncer), oldestSecond(this.kept, bouncer));
  }

  /** Bodies of the accepted and refused POSTs, in order. */
  get bodies(): string[] {
    return this.requests.filter(({ method }) => method === 'POST').map(({ body }) => body);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => {});
    response.setHeader('Date', new Date(this.#now()).toUTCString());
    const url = new URL(request.url ?? '/', 'http://lapi');
    const isPush = request.method === 'POST' && url.pathname === '/v1/usage-metrics';
    const fault = isPush ? this.faults.shift() : undefined;
    const body = fault?.kind === 'slow' ? '' : await readBody(request);
    if (body === undefined) return;
    const seen: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body,
      from: request.socket.remoteAddress ?? '',
    };
    this.requests.push(seen);
    if (fault && !(await playBefore(fault, request, response))) return;
    if (fault?.kind === 'slow') seen.body = (await readBody(request)) ?? '';
    await this.#answer(request, response, seen, url, fault);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    seen: SeenRequest,
    url: URL,
    fault: Fault | undefined,
  ): Promise<void> {
    const methods = this.#routes[url.pathname];
    // Before it looks who asks; without a word.
    if (!methods?.includes(seen.method)) {
      response.writeHead(methods ? 405 : 404, { 'Content-Length': 0 }).end();
      return;
    }
    if (url.pathname === '/health') return json(response, 200, { status: 'up' });
    const who = authenticate(request, {
      bouncers: this.bouncers,
      allowedOu: this.#options.allowedOu ?? ['bouncer-ou'],
    });
    if (who.bouncer === undefined) return json(response, who.status, who.body);
    if (seen.method === 'HEAD') {
      response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8' }).end();
    } else if (url.pathname === '/v1/decisions') {
      this.bouncers.pulled(who.bouncer);
      json(response, 200, null);
    } else {
      const { status, message, component } = judge(seen.body);
      if (!component)
        return message === '' ? void response.writeHead(status).end() : json(response, status, { message });
      const push = { bouncer: who.bouncer, receivedAt: this.#now(), windows: component.metrics ?? [] };
      this.pushes.push(push);
      this.#options.onPush?.(push);
      if (fault && !(await playAfter(fault, request))) return;
      response.writeHead(201, { 'Content-Length': 0 }).end();
    }
  }

  /** Methods by path. */
  get #routes(): Readonly<Record<string, readonly string[]>> {
    return {
      '/health': ['GET'],
      '/v1/decisions': ['GET', 'HEAD'],
      ...(this.#options.usageMetrics !== false && { '/v1/usage-metrics': ['POST'] }),
    };
  }
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    return undefined; // the sender hung up
  }
  return Buffer.concat(chunks).toString('utf8');
}

function json(response: ServerResponse, status: number, body: object | null): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
