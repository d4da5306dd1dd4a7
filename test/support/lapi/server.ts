import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { Bouncers } from './bouncers.ts';
import { type Fault, playAfter, playBefore } from './faults.ts';
import { judge } from './rules.ts';
import { type BouncerCounts, countAsCscli, type StoredPush } from './table.ts';

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
  /** Serves TLS; with `requestCert` a client certificate of `ca` is as good as a key. */
  tls?: ServerOptions;
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
    const bouncer = this.#authenticate(request, seen);
    if (bouncer === undefined) return json(response, 403, { message: 'access forbidden' });
    const route = `${request.method} ${url.pathname}`;
    if (route === 'HEAD /v1/decisions') {
      response.writeHead(200).end();
    } else if (route === 'GET /v1/decisions') {
      this.bouncers.pulled(bouncer);
      response.writeHead(200, { 'Content-Type': 'application/json; charset=utf-8' }).end('null');
    } else if (route === 'POST /v1/usage-metrics' && this.#options.usageMetrics !== false) {
      const { status, message, component } = judge(seen.body);
      if (!component) return json(response, status, { message });
      const push = { bouncer, receivedAt: this.#now(), windows: component.metrics ?? [] };
      this.pushes.push(push);
      this.#options.onPush?.(push);
      if (fault && !(await playAfter(fault, request))) return;
      response.writeHead(201, { 'Content-Length': 0 }).end();
    } else {
      json(response, 404, { message: 'Page or Method not found' });
    }
  }

  #authenticate(request: IncomingMessage, seen: SeenRequest): string | undefined {
    // Who comes by its socket is here.
    const ip = seen.from.replace(/^::ffff:/, '') || '127.0.0.1';
    const key = request.headers['x-api-key'];
    if (typeof key === 'string') return this.bouncers.byKey(key, ip);
    const socket = request.socket as TLSSocket;
    return socket.authorized
      ? this.bouncers.byCertificate(String(socket.getPeerCertificate().subject.CN), ip)
      : undefined;
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

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}
