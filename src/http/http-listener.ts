import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../config/endpoint.ts';
import { loadServerTls, type TlsServerConfig } from '../config/tls.ts';
import type { ConnectionBudget, ConnectionClaim } from './connection-budget.ts';
import { httpFaultMessage, type OnHttpFault } from './http-faults.ts';
import type { UnixSocket } from './listen.ts';
import type { ListenerLimits } from './listener-limits.ts';
import type { OpenSocket, Tenant } from './open-sockets.ts';
import { createRouter, type RouterOptions } from './router.ts';
import { TlsReload } from './tls-reload.ts';

interface HttpListenerOptions {
  /** For the log: the id of the component. */
  readonly name: string;
  readonly limits: ListenerLimits;
  /** Bodies may take as long as they move: whoever reads them watches that. @default false */
  readonly longBodies?: boolean;
  readonly tls?: TlsServerConfig | undefined;
  readonly router: RouterOptions;
  readonly budget: ConnectionBudget;
  /** Told of each connection once it can be used: with TLS, after the handshake. */
  readonly onConnection?: (socket: Socket) => void;
  /** @default each is logged, a few a minute */
  readonly onFault?: OnHttpFault;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** How often a listener without telemetry of its own says that it refused something, in ms. */
const QUIET = 60_000;

/**
 * Where the bridge listens: HTTP or HTTPS, on a port or a Unix socket, with bounds that no client gets past, routes, and
 * an orderly beginning and end. Renewed certificates are taken up.
 */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  readonly #claim: ConnectionClaim;
  #socket: OpenSocket | undefined;
  #tenant: Tenant | undefined;
  #tlsReload: TlsReload | undefined;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#claim = options.budget.register(options.name, options.limits.max_connections);
  }

  /**
   * @returns where it listens: the port is the system's choice when 0 was asked for.
   * @throws Error that says what to do.
   */
  async open<Target extends Endpoint | UnixSocket>(target: Target): Promise<Target> {
    const { name, limits, longBodies = false, tls: tlsConfig, router, budget, logger, clock } = this.#options;
    const load = tlsConfig && (() => loadServerTls(tlsConfig));
    const tls = await load?.();
    const app = createRouter(router);
    await app.ready();
    const claim = this.#claim;
    const tenant: Tenant = {
      handle: (request, response) => app.routing(request, response),
      limits: {
        ...limits,
        get max_connections() {
          return claim.granted;
        },
      },
      longBodies,
      tls,
      onConnection: this.#options.onConnection,
      onFault: this.#options.onFault ?? this.#logFault,
    };
    const socket = await budget.sockets.open(name, target, tenant, clock);
    this.#tenant = tenant;
    this.#socket = socket;
    if (load && tls) {
      const server = socket.server as SecureServer;
      this.#tlsReload = new TlsReload({ load, current: tls, server, logger, clock });
      this.#tlsReload.start();
    }
    return socket.listening as Target;
  }

  /** It is no reason for the process to stay. */
  unref(): void {
    this.#socket?.server.unref();
  }

  /** Safe without `open()`, and twice. While sockets are held, what is under way goes on after it. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#tlsReload?.stop();
    this.#claim.release();
    if (this.#tenant) await this.#socket?.leave(this.#tenant, deadline);
  }

  readonly #logFault: OnHttpFault = (code, details) => {
    const { logger, clock } = this.#options;
    if (clock.monotonic() < this.#quietUntil) return;
    this.#quietUntil = clock.monotonic() + QUIET;
    logger.warn({ code, ...details }, `Refused a request or a connection: ${httpFaultMessage(code)}`);
  };
}
