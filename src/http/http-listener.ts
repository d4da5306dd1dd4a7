import type { Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../config/endpoint.ts';
import { loadServerTls, type TlsServerConfig } from '../config/tls.ts';
import type { ConnectionBudget } from './connection-budget.ts';
import { createGuardedServer } from './guarded-server.ts';
import { httpFaultMessage, type OnHttpFault } from './http-faults.ts';
import { close, listen, type UnixSocket } from './listen.ts';
import type { ListenerLimits } from './listener-limits.ts';
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
  readonly #granted: () => number;
  #app: FastifyInstance | undefined;
  #server: Server | undefined;
  #tlsReload: TlsReload | undefined;
  #quietUntil = Number.NEGATIVE_INFINITY;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
    this.#granted = options.budget.register(options.name, options.limits.max_connections);
  }

  /**
   * @returns where it listens: the port is the system's choice when 0 was asked for.
   * @throws Error that says what to do.
   */
  async open<Target extends Endpoint | UnixSocket>(target: Target): Promise<Target> {
    const { limits, longBodies = false, tls: tlsConfig, router, logger, clock } = this.#options;
    const load = tlsConfig && (() => loadServerTls(tlsConfig));
    const tls = await load?.();
    const onFault = this.#options.onFault ?? this.#logFault;
    this.#app = createRouter(router, (handle) => {
      const bounds = { ...limits, max_connections: this.#granted() };
      this.#server = createGuardedServer({ handle, limits: bounds, longBodies, tls, clock, onFault });
      return this.#server;
    });
    await this.#app.ready();
    const server = this.#server!;
    const { onConnection } = this.#options;
    if (onConnection) server.on(tls ? 'secureConnection' : 'connection', onConnection);
    const listening = await listen(server, target);
    if (load && tls) {
      this.#tlsReload = new TlsReload({ load, current: tls, server: server as SecureServer, logger, clock });
      this.#tlsReload.start();
    }
    return listening;
  }

  /** It is no reason for the process to stay. */
  unref(): void {
    this.#server?.unref();
  }

  /** Safe without `open()`, and twice. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#tlsReload?.stop();
    if (this.#server) await close(this.#server, deadline);
    await this.#app?.close();
  }

  readonly #logFault: OnHttpFault = (code, details) => {
    const { logger, clock } = this.#options;
    if (clock.monotonic() < this.#quietUntil) return;
    this.#quietUntil = clock.monotonic() + QUIET;
    logger.warn({ code, ...details }, `Refused a request or a connection: ${httpFaultMessage(code)}`);
  };
}
