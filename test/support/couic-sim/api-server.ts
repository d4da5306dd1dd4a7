import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { KeyPair } from '../certificates.ts';
import type { SimulatedFirewall } from './firewall.ts';
import { entryText, type Policy } from './report.ts';

export type Group = 'admin' | 'clientrw' | 'clientro' | 'peering' | 'monitoring';

/** What goes wrong with one request. */
export type ApiFault =
  /** Another answer than Couic's. */
  | { status: number; type?: string; body?: string; headers?: Record<string, string> }
  /** The connection ends after half of the answer. */
  | { half: true }
  /** No answer before this promise. */
  | { until: Promise<void> };

export interface CouicApiOptions {
  /** Asked at each request, since a restart may bring another. */
  readonly firewall: () => SimulatedFirewall;
  /** By token. */
  readonly clients: Readonly<Record<string, Group>>;
  /** A path listens on a Unix socket; a key pair on HTTPS, on a port of the system's choice. */
  readonly listen: { socketPath: string } | KeyPair;
}

const STATISTICS: readonly Group[] = ['admin', 'monitoring'];
const RULES: readonly Group[] = ['admin', 'clientrw', 'clientro'];

/** Stands in for the API of Couic: its counters and its rules, over what it listens on. */
export class CouicApiServer {
  /** Decides what goes wrong. @default nothing */
  fault: (path: string) => ApiFault | undefined = () => undefined;
  /** Paths that were asked for, oldest first. */
  readonly requests: string[] = [];
  /** Most requests under way at once, of one path. */
  mostAtOnce = 0;
  readonly #options: CouicApiOptions;
  readonly #server;
  readonly #underWay = new Map<string, number>();

  constructor(options: CouicApiOptions) {
    this.#options = options;
    const { listen } = options;
    const handle = (request: IncomingMessage, response: ServerResponse) => void this.#handle(request, response);
    this.#server = 'cert' in listen ? createTlsServer({ ...listen }, handle) : createServer(handle);
  }

  /** @returns what to write into `endpoint`. */
  async start(): Promise<string> {
    const { listen } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      if ('socketPath' in listen) this.#server.listen(listen.socketPath, resolve);
      else this.#server.listen(0, '127.0.0.1', resolve);
    });
    if ('socketPath' in listen) return `unix://${listen.socketPath}`;
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.requests.push(path);
    const underWay = (this.#underWay.get(path) ?? 0) + 1;
    this.#underWay.set(path, underWay);
    this.mostAtOnce = Math.max(this.mostAtOnce, underWay);
    response.once('close', () => this.#underWay.set(path, this.#underWay.get(path)! - 1));

    const fault = this.fault(path);
    if (fault && 'until' in fault) await fault.until;
    if (fault && 'status' in fault) {
      response.writeHead(fault.status, { 'content-type': fault.type ?? 'application/json', ...fault.headers });
      response.end(fault.body);
      return;
    }
    await this.#answer(path, request, response, fault !== undefined && 'half' in fault);
  }

  async #answer(path: string, request: IncomingMessage, response: ServerResponse, half: boolean): Promise<void> {
    const answers = this.#answerOf(path);
    if (!answers) {
      response.writeHead(404).end();
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET,HEAD' }).end();
      return;
    }
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const group = this.#options.clients[token];
    if (!group || !answers.groups.includes(group)) {
      refuse(response);
      return;
    }
    // Couic makes the whole answer at one moment; it takes a while to cross the wire.
    const text = Buffer.from(answers.body());
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length });
    const end = half ? text.length >>> 1 : text.length;
    for (let at = 0; at < end; at += 65_536) {
      if (response.destroyed) return;
      response.write(text.subarray(at, Math.min(at + 65_536, end)));
      await setImmediate();
    }
    if (half) response.destroy();
    else response.end();
  }

  #answerOf(path: string): { groups: readonly Group[]; body: () => string } | undefined {
    const firewall = this.#options.firewall();
    const statistics = (body: () => unknown) => ({ groups: STATISTICS, body: () => JSON.stringify(body()) });
    const rules = (policy: Policy) => ({
      groups: RULES,
      body: () => `[${firewall.list(policy).map(entryText).join(',')}]`,
    });
    const counts = () => ({ drop_cidr_count: firewall.count('drop'), ignore_cidr_count: firewall.count('ignore') });
    switch (path) {
      case '/v1/metrics':
        return statistics(() => ({ ...counts(), ...firewall.traffic.wire() }));
      case '/v1/stats':
        return statistics(() => ({ ...counts(), xdp: firewall.traffic.wire().xdp }));
      case '/v1/stats/tags/drop':
        return statistics(() => firewall.traffic.wire().drop_tags);
      case '/v1/stats/tags/ignore':
        return statistics(() => firewall.traffic.wire().ignore_tags);
      case '/v1/drop':
        return rules('drop');
      case '/v1/ignore':
        return rules('ignore');
      default:
        return undefined;
    }
  }
}

function refuse(response: ServerResponse): void {
  const text = JSON.stringify({ code: 'unauthorized', errors: {}, message: 'Unauthorized' });
  response.writeHead(401, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
}
