import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { Endpoint } from '../config/endpoint.ts';
import { loadServerTls, type TlsServerConfig } from '../config/tls.ts';
import { close, listen } from './listen.ts';
import { TlsReload } from './tls-reload.ts';

export interface HttpListenerOptions {
  readonly endpoint: Endpoint;
  readonly tls?: TlsServerConfig | undefined;
  readonly handle: RequestListener;
  /** Milliseconds that an idle connection is kept. @default Node's, 5 s */
  readonly keepAliveTimeout?: number;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A plain HTTP or HTTPS server with an orderly beginning and end; renewed certificates are taken up. */
export class HttpListener {
  readonly #options: HttpListenerOptions;
  #server: Server | undefined;
  #tlsReload: TlsReload | undefined;

  constructor(options: HttpListenerOptions) {
    this.#options = options;
  }

  /**
   * @returns where it listens: the port is the system's choice when 0 was asked for.
   * @throws Error that says what to do.
   */
  async open(): Promise<Endpoint> {
    const { endpoint, keepAliveTimeout } = this.#options;
    const server = await this.#create();
    if (keepAliveTimeout !== undefined) server.keepAliveTimeout = keepAliveTimeout;
    this.#server = server;
    const listening = await listen(server, endpoint);
    this.#tlsReload?.start();
    return listening;
  }

  /** Safe without `open()`, and twice. */
  async close(deadline: AbortSignal): Promise<void> {
    this.#tlsReload?.stop();
    if (this.#server) await close(this.#server, deadline);
  }

  async #create(): Promise<Server> {
    const { tls, handle, logger, clock } = this.#options;
    if (!tls) return createServer(handle);
    const load = () => loadServerTls(tls);
    const current = await load();
    const server = createTlsServer(current, handle);
    this.#tlsReload = new TlsReload({ load, current, server, logger, clock });
    return server;
  }
}
