import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Extension, ExtensionContext } from '../../../src/component.ts';
import { formatDuration } from '../../../src/config/duration.ts';
import { type Endpoint, formatEndpoint } from '../../../src/config/endpoint.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import type { HealthCheckConfig } from './config.ts';

/** Says over HTTP whether the bridge can accept reports, in the words of the Collector's extension of this name. */
export class HealthCheck implements Extension {
  readonly #context: ExtensionContext;
  readonly #config: HealthCheckConfig;
  readonly #listener: HttpListener;
  #endpoint: Endpoint | undefined;
  #startedAt = 0;
  #upSince = '';

  constructor(context: ExtensionContext, config: HealthCheckConfig) {
    this.#context = context;
    this.#config = config;
    const { endpoint, tls } = config;
    const { logger, clock } = context;
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    this.#listener = new HttpListener({ endpoint, tls, handle, logger, clock });
  }

  /** Where it listens; undefined before `start`. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { clock, logger } = this.#context;
    const { path, tls } = this.#config;
    this.#endpoint = await this.#listener.open();
    this.#startedAt = clock.monotonic();
    this.#upSince = new Date(clock.now()).toISOString();
    logger.info(`Health is at ${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint)}${path}`);
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#listener.close(deadline);
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    // Without a listener, a client that hangs up would end the process.
    response.on('error', () => {});
    request.resume();
    const { status, body } = this.#reply(request);
    const text = `${JSON.stringify(body)}\n`;
    response.writeHead(status, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      ...(status === 405 && { Allow: 'GET, HEAD' }),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  }

  #reply({ url, method }: IncomingMessage): { status: number; body: object } {
    const { path } = this.#config;
    if (url?.split('?')[0] !== path) return { status: 404, body: { error: `Not found. Health is at ${path}` } };
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: { error: `${method} is not answered here: use GET` } };
    }
    const { reasons } = this.#context.health;
    if (reasons.length > 0) return { status: 503, body: { status: 'Server not available', reasons } };
    const seconds = Math.floor((this.#context.clock.monotonic() - this.#startedAt) / 1000);
    const uptime = formatDuration(seconds * 1000);
    return { status: 200, body: { status: 'Server available', upSince: this.#upSince, uptime } };
  }
}
