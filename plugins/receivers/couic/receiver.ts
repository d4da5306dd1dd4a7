import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import { QUARANTINE_OPERATION, type QuarantineList } from '../../../src/admin/quarantine.ts';
import type { Finding, Operation, Receiver, ReceiverContext } from '../../../src/component.ts';
import { type Endpoint, formatEndpoint } from '../../../src/config/endpoint.ts';
import { loadServerTls } from '../../../src/config/tls.ts';
import { close, listen } from '../../../src/http/listen.ts';
import { TlsReload } from '../../../src/http/tls-reload.ts';
import { Admission } from './admission.ts';
import { buildApp } from './app.ts';
import { type CouicReceiverConfig, SHORT_TOKEN, tokensOf } from './config.ts';
import { examineReceiver } from './examine.ts';
import { ReceiverLog } from './receiver-log.ts';
import { ReportHandler } from './report-handler.ts';
import { createReportServer, type OnDropped } from './server.ts';
import { ReceiverTelemetry } from './telemetry.ts';
import { Tokens } from './tokens.ts';

/** Listens for Couic's webhook and hands each body to the ledger. */
export class CouicReceiver implements Receiver {
  readonly instances: readonly string[];
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ReceiverContext;
  readonly #config: CouicReceiverConfig;
  readonly #tokens: Tokens;
  readonly #telemetry: ReceiverTelemetry;
  readonly #log: ReceiverLog;
  readonly #handler: ReportHandler;
  #app: FastifyInstance | undefined;
  #server: Server | undefined;
  #tlsReload: TlsReload | undefined;
  #endpoint: Endpoint;

  constructor(context: ReceiverContext, config: CouicReceiverConfig) {
    const { logger, clock, meter, ledger } = context;
    this.#context = context;
    this.#config = config;
    this.#endpoint = config.endpoint;
    this.instances = config.instances.map(({ name }) => name);
    this.operations = {
      [QUARANTINE_OPERATION]: async (): Promise<QuarantineList> =>
        ledger.quarantined().filter(({ instance }) => this.instances.includes(instance)),
    };
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

  /** Where it listens: the port is the system's choice for an endpoint with port 0. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { tls: tlsConfig } = this.#config;
    const { logger, clock } = this.#context;
    const tls = tlsConfig && (await loadServerTls(tlsConfig));
    this.#app = buildApp(this.#handler, this.#tokens, (handle) => {
      const server = createReportServer(handle, this.#config, tls, this.#dropped);
      this.#server = server as Server;
      return server;
    });
    await this.#app.ready();
    const server = this.#server!;
    this.#endpoint = await listen(server, this.#config.endpoint);
    if (tls && tlsConfig) {
      this.#tlsReload = new TlsReload({ load: () => loadServerTls(tlsConfig), current: tls, server, logger, clock });
      this.#tlsReload.start();
    }
    const url = `${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint)}/v1/reports`;
    logger.info({ instances: this.instances }, `Listening for reports on ${url}`);
    this.#warnOfWeakTokens();
  }

  examine(): Promise<readonly Finding[]> {
    return Promise.resolve(examineReceiver(this.#config, this.#endpoint));
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#handler.stop();
    this.#tlsReload?.stop();
    if (this.#server) await close(this.#server, deadline);
    await this.#app?.close();
    this.#log.close();
  }

  readonly #dropped: OnDropped = (code, details) => {
    this.#telemetry.refused(code, undefined);
    this.#log.refused(code, undefined, details);
  };

  #warnOfWeakTokens(): void {
    const { logger } = this.#context;
    for (const instance of this.#config.instances) {
      const tokens = tokensOf(instance);
      if (tokens.length === 0) {
        logger.warn(
          { instance: instance.name },
          'No token is set: every program on this host, and every proxy that leads here, can send reports. Set a token (uuidgen makes one) and append it to the webhook of Couic',
        );
      } else if (tokens.some((token) => token.length < SHORT_TOKEN)) {
        logger.warn({ instance: instance.name }, 'The token is short enough to be guessed: uuidgen makes a good one');
      }
    }
  }
}
