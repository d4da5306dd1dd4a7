import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import type { Receiver, ReceiverContext } from '../../../src/component.ts';
import { formatEndpoint } from '../../../src/config/endpoint.ts';
import { loadServerTls, type ServerTlsOptions } from '../../../src/config/tls.ts';
import { Admission } from './admission.ts';
import { buildApp } from './app.ts';
import { type CouicReceiverConfig, SHORT_TOKEN, tokensOf } from './config.ts';
import { ReceiverLog } from './receiver-log.ts';
import { ReportHandler } from './report-handler.ts';
import { createReportServer } from './server.ts';
import { ReceiverTelemetry } from './telemetry.ts';
import { TlsReload } from './tls-reload.ts';
import { Tokens } from './tokens.ts';

/** Listens for Couic's webhook and hands each body to the ledger. */
export class CouicReceiver implements Receiver {
  readonly instances: readonly string[];
  readonly #context: ReceiverContext;
  readonly #config: CouicReceiverConfig;
  readonly #tokens: Tokens;
  readonly #telemetry: ReceiverTelemetry;
  readonly #log: ReceiverLog;
  readonly #handler: ReportHandler;
  /** More than one where `localhost` has two addresses. */
  readonly #servers = new Set<Server>();
  #app: FastifyInstance | undefined;
  #tlsReload: TlsReload | undefined;

  constructor(context: ReceiverContext, config: CouicReceiverConfig) {
    const { logger, clock, meter, ledger } = context;
    this.#context = context;
    this.#config = config;
    this.instances = config.instances.map(({ name }) => name);
    this.#tokens = new Tokens(
      config.instances.map((instance) => ({ name: instance.name, tokens: tokensOf(instance) })),
    );
    this.#telemetry = new ReceiverTelemetry(meter, this.instances);
    this.#log = new ReceiverLog(logger, clock);
    this.#handler = new ReportHandler({
      admission: new Admission(config.max_concurrent_bodies, config.max_concurrent_bodies_per_instance),
      ledger,
      clock,
      log: this.#log,
      telemetry: this.#telemetry,
      logReports: config.log_reports,
      bodyStallTimeout: config.body_stall_timeout,
    });
  }

  /** The port that was opened, for an endpoint with port 0. */
  get port(): number | undefined {
    const address = this.#app?.server.address();
    return typeof address === 'object' ? address?.port : undefined;
  }

  async start(): Promise<void> {
    const { endpoint, tls: tlsConfig } = this.#config;
    const { logger, clock } = this.#context;
    const tls = tlsConfig && (await loadServerTls(tlsConfig));
    const app = this.#build(tls);
    this.#app = app;
    try {
      await app.listen({ host: endpoint.host, port: endpoint.port });
    } catch (error) {
      throw new Error(cannotListen(formatEndpoint(endpoint), error as NodeJS.ErrnoException), { cause: error });
    }
    if (tls && tlsConfig) {
      this.#tlsReload = new TlsReload({
        load: () => loadServerTls(tlsConfig),
        current: tls,
        servers: this.#servers,
        logger,
        clock,
      });
      this.#tlsReload.start();
    }
    const url = `${tls ? 'https' : 'http'}://${formatEndpoint({ host: endpoint.host, port: this.port ?? endpoint.port })}`;
    const { open } = this.#tokens;
    for (const instance of this.#config.instances) {
      if (!tokensOf(instance).some((token) => token.length < SHORT_TOKEN)) continue;
      logger.warn({ instance: instance.name }, 'The token is short enough to be guessed: uuidgen makes a good one');
    }
    logger.info({ instances: this.instances }, `Listening for reports on ${url}/v1/reports`);
    if (open !== undefined) {
      logger.warn(
        { instance: open },
        'No token is set: every program on this host, and every proxy that leads here, can send reports. Set a token (uuidgen makes one) and append it to the webhook of Couic',
      );
    }
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#handler.stop();
    this.#tlsReload?.stop();
    const app = this.#app;
    this.#app = undefined;
    if (app) {
      const cut = () => {
        for (const server of this.#servers) server.closeAllConnections();
      };
      deadline.addEventListener('abort', cut, { once: true });
      if (deadline.aborted) cut();
      await app.close();
      deadline.removeEventListener('abort', cut);
    }
    this.#log.close();
  }

  #build(tls: ServerTlsOptions | undefined): FastifyInstance {
    return buildApp(this.#handler, this.#tokens, (handle) => {
      const server = createReportServer(handle, this.#config, tls, (code, details) => {
        this.#telemetry.refused(code, undefined);
        this.#log.refused(code, undefined, details);
      });
      this.#servers.add(server as Server);
      return server;
    });
  }
}

function cannotListen(endpoint: string, error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return `cannot listen on ${endpoint}: another program does. If that is couic-report, stop it (the bridge takes its place); or choose another endpoint`;
    case 'EACCES':
      return `cannot listen on ${endpoint}: a port below 1024 takes more rights. Choose a higher one, or give the service CAP_NET_BIND_SERVICE`;
    case 'EADDRNOTAVAIL':
      return `cannot listen on ${endpoint}: this host has no such address. \`ip address\` lists those it has`;
    default:
      return `cannot listen on ${endpoint}: ${error.message}`;
  }
}
