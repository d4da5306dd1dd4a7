import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { type Endpoint, formatEndpoint } from '../config/endpoint.ts';
import type { ServerTlsOptions } from '../config/tls.ts';
import { createGuardedServer } from './guarded-server.ts';
import type { OnHttpFault } from './http-faults.ts';
import { close, listen, type UnixSocket } from './listen.ts';
import type { ListenerLimits } from './listener-limits.ts';

/** What is under way on a socket that was closed for one that speaks TLS, or no longer does, may take so long, in ms. */
const UNDER_WAY = 10_000;

/** Who answers on a socket: one listener after the other. */
export interface Tenant {
  readonly handle: RequestListener;
  /** Asked for whenever one is needed. */
  readonly limits: ListenerLimits;
  readonly longBodies: boolean;
  readonly tls: ServerTlsOptions | undefined;
  readonly onConnection?: ((socket: Socket) => void) | undefined;
  readonly onFault: OnHttpFault;
}

/**
 * The sockets that a service listens on. While they are held, as during a reload, a listener that ends leaves its socket
 * here with all connections, and the one that opens at the same place takes it over: nobody is refused, and who asks in
 * between waits.
 */
export class OpenSockets {
  readonly #open = new Map<string, OpenSocket>();
  #isHeld = false;

  /** @param name - of the listener: a port that the system chose is its own. @throws Error that says what to do. */
  async open(name: string, target: Endpoint | UnixSocket, tenant: Tenant, clock: Clock): Promise<OpenSocket> {
    const key = 'path' in target || target.port !== 0 ? nameOf(target) : `${name} ${nameOf(target)}`;
    const left = this.#open.get(key);
    if (left?.takes(tenant)) {
      left.give(tenant);
      return left;
    }
    // One that speaks otherwise: what it has under way goes on, the place is free at once.
    if (left?.isFree) void left.close(AbortSignal.timeout(UNDER_WAY));
    const socket = new OpenSocket(tenant, clock, {
      isHeld: () => this.#isHeld,
      ended: () => this.#open.get(key) === socket && this.#open.delete(key),
    });
    await socket.listen(target);
    this.#open.set(key, socket);
    return socket;
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Closes what nobody took over. @param deadline - ends what is under way there. */
  async release(deadline: AbortSignal): Promise<void> {
    this.#isHeld = false;
    await Promise.all([...this.#open.values()].filter(({ isFree }) => isFree).map((socket) => socket.close(deadline)));
  }
}

interface Owner {
  isHeld(): boolean;
  ended(): void;
}

/** One server that listens, whoever answers. */
export class OpenSocket {
  readonly server: Server;
  readonly #owner: Owner;
  readonly #isSecure: boolean;
  readonly #asksForCertificates: boolean;
  /** Requests that came while nobody answered; one of a connection at most. */
  readonly #waiting: [IncomingMessage, ServerResponse][] = [];
  #tenant: Tenant;
  #isFree = false;
  #listening: Endpoint | UnixSocket | undefined;

  constructor(tenant: Tenant, clock: Clock, owner: Owner) {
    this.#tenant = tenant;
    this.#owner = owner;
    this.#isSecure = tenant.tls !== undefined;
    this.#asksForCertificates = tenant.tls?.ca !== undefined;
    this.server = createGuardedServer({ tenant: () => this.#tenant, handle: this.#handle, clock });
    this.server.on(this.#isSecure ? 'secureConnection' : 'connection', (socket: Socket) =>
      this.#tenant.onConnection?.(socket),
    );
  }

  async listen(target: Endpoint | UnixSocket): Promise<void> {
    this.#listening = await listen(this.server, target);
  }

  /** The port is the system's choice when 0 was asked for. */
  get listening(): Endpoint | UnixSocket {
    return this.#listening!;
  }

  /** Whoever answered has ended. */
  get isFree(): boolean {
    return this.#isFree;
  }

  takes({ tls }: Tenant): boolean {
    return (
      this.#isFree && this.#isSecure === (tls !== undefined) && this.#asksForCertificates === (tls?.ca !== undefined)
    );
  }

  give(tenant: Tenant): void {
    this.#tenant = tenant;
    this.#isFree = false;
    const { limits, longBodies, tls } = tenant;
    this.server.keepAliveTimeout = limits.idle_timeout;
    this.server.headersTimeout = limits.read_header_timeout;
    this.server.requestTimeout = longBodies ? 0 : limits.read_header_timeout;
    if (tls) (this.server as SecureServer).setSecureContext(tls);
    this.#answerWaiting();
  }

  /** The tenant ends. While sockets are held, this one stays for the next; what is under way goes on by itself. */
  async leave(tenant: Tenant, deadline: AbortSignal): Promise<void> {
    if (this.#tenant !== tenant || this.#isFree) return;
    this.#isFree = this.#owner.isHeld();
    if (!this.#isFree) await this.close(deadline);
  }

  async close(deadline: AbortSignal): Promise<void> {
    this.#owner.ended();
    this.#isFree = false;
    // Whoever waited is answered, and not waited for again.
    for (const [, response] of this.#waiting) response.shouldKeepAlive = false;
    this.#answerWaiting();
    await close(this.server, deadline);
  }

  readonly #handle: RequestListener = (request, response) => {
    if (this.#isFree) this.#waiting.push([request, response]);
    else this.#tenant.handle(request, response);
  };

  #answerWaiting(): void {
    for (const [request, response] of this.#waiting.splice(0)) {
      if (!request.socket.destroyed) this.#tenant.handle(request, response);
    }
  }
}

function nameOf(target: Endpoint | UnixSocket): string {
  return 'path' in target ? target.path : formatEndpoint(target);
}
