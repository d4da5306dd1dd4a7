import type { FastifyReply } from 'fastify';
import { formatDuration } from '../../../src/config/duration.ts';
import { type Endpoint, formatEndpoint } from '../../../src/config/endpoint.ts';
import { CLOSE } from '../../../src/http/http-faults.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import type { Extension, ExtensionContext } from '../../../src/service/component.ts';
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
    const { path, tls } = config;
    const { id, logger, clock, connections } = context;
    this.#listener = new HttpListener({
      name: id,
      limits: config,
      tls,
      router: {
        routes: [{ path, methods: ['GET', 'HEAD'], answer: (_request, reply) => this.#answer(reply) }],
        notFound: (_request, reply) => refuse(reply, 404, `Not found. Health is at ${path}`),
        methodNotAllowed: ({ method }, reply) =>
          refuse(reply.header('allow', 'GET, HEAD'), 405, `${method} is not answered here: use GET`),
        failed: (error, _request, reply) => {
          logger.error({ err: error }, 'A request failed');
          refuse(reply, 500, 'failed; the log says why');
        },
      },
      budget: connections,
      logger,
      clock,
    });
  }

  /** Where it listens; undefined before `start`. */
  get endpoint(): Endpoint | undefined {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { clock, logger } = this.#context;
    const { endpoint, path, tls } = this.#config;
    this.#endpoint = await this.#listener.open(endpoint);
    this.#startedAt = clock.monotonic();
    this.#upSince = new Date(clock.now()).toISOString();
    logger.info(`Health is at ${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint)}${path}`);
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.#listener.close(deadline);
  }

  #answer(reply: FastifyReply): void {
    const { reasons } = this.#context.health;
    if (reasons.length > 0) {
      send(reply, 503, { status: 'Server not available', reasons });
      return;
    }
    const seconds = Math.floor((this.#context.clock.monotonic() - this.#startedAt) / 1000);
    const uptime = formatDuration(seconds * 1000);
    send(reply, 200, { status: 'Server available', upSince: this.#upSince, uptime });
  }
}

function send(reply: FastifyReply, status: number, body: object): void {
  const headers = { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' };
  reply
    .code(status)
    .headers(headers)
    .send(`${JSON.stringify(body)}\n`);
}

function refuse(reply: FastifyReply, status: number, error: string): void {
  send(reply.headers(CLOSE), status, { error });
}
