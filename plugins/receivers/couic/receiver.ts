import { type Endpoint, formatEndpoint } from '../../../src/config/endpoint.ts';
import { readKey, textRedaction } from '../../../src/events/privacy.ts';
import { FailureBrake } from '../../../src/http/failure-brake.ts';
import type { OnHttpFault } from '../../../src/http/http-faults.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import { Tokens } from '../../../src/http/tokens.ts';
import { QUARANTINE_OPERATION, type QuarantineList } from '../../../src/service/admin/quarantine.ts';
import type { Operation, Receiver, ReceiverContext } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import type { MetricOffer } from '../../../src/service/metric-source.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { LIMITS_OPERATION, type LimitList } from '../../../src/telemetry/limits.ts';
import { Admission } from './admission.ts';
import { type CouicReceiverConfig, tokensOf } from './config.ts';
import { rememberConnection } from './connections.ts';
import { EventLoopWatch } from './event-loop-watch.ts';
import { examineReceiver, fullLimits, statusOf } from './examine.ts';
import { ReceiverLog } from './receiver-log.ts';
import { ReportHandler } from './report-handler.ts';
import { reportRoutes } from './routes.ts';
import { SenderWatch } from './sender-watch.ts';
import { ReceiverTelemetry } from './telemetry.ts';

/** Listens for Couic's webhook and hands each body to the ledger. */
export class CouicReceiver implements Receiver {
  readonly metrics: MetricOffer;
  readonly tellsOf: readonly string[];
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ReceiverContext;
  readonly #config: CouicReceiverConfig;
  readonly #telemetry: ReceiverTelemetry;
  readonly #log: ReceiverLog;
  readonly #handler: ReportHandler;
  readonly #eventLoop: EventLoopWatch;
  readonly #listener: HttpListener;
  #endpoint: Endpoint;

  constructor(context: ReceiverContext, config: CouicReceiverConfig) {
    const { id, logger, clock, meter, ledger, connections, carried } = context;
    this.#context = context;
    this.#config = config;
    this.#endpoint = config.endpoint;
    const instances = config.instances.map(({ name }) => name);
    this.metrics = { source: ledger, names: instances };
    this.tellsOf = instances;
    this.operations = {
      [QUARANTINE_OPERATION]: async (): Promise<QuarantineList> =>
        ledger.quarantined().filter(({ instance }) => instances.includes(instance)),
      [LIMITS_OPERATION]: async (): Promise<LimitList> => ledger.limits(instances),
    };
    this.#telemetry = new ReceiverTelemetry(meter, carried, instances);
    this.#log = new ReceiverLog(logger, clock, config.log_reports);
    this.#eventLoop = new EventLoopWatch(clock);
    this.#handler = new ReportHandler({
      admission: new Admission(config.max_concurrent_bodies, config.max_concurrent_bodies_per_instance),
      ledger,
      clock,
      log: this.#log,
      eventLoop: this.#eventLoop,
      senders: new SenderWatch((instance, addresses) => this.#log.twoSenders(instance, addresses)),
      telemetry: this.#telemetry,
      failures: new FailureBrake(clock),
      logReports: config.log_reports === 'lines',
      bodyStallTimeout: config.body_stall_timeout,
    });
    const tokens = new Tokens(
      config.instances.map((instance) => ({ name: instance.name, tokens: tokensOf(instance) })),
    );
    this.#listener = new HttpListener({
      name: id,
      limits: config,
      longBodies: true,
      tls: config.tls,
      router: reportRoutes(this.#handler, tokens),
      budget: connections,
      onConnection: (socket) => rememberConnection(socket, clock.monotonic()),
      onFault: this.#onFault,
      logger,
      clock,
    });
  }

  /** Where it listens: the port is the system's choice for an endpoint with port 0. */
  get endpoint(): Endpoint {
    return this.#endpoint;
  }

  async start(): Promise<void> {
    const { logger } = this.#context;
    const { endpoint, tls } = this.#config;
    this.#log.showNetworks(textRedaction(this.#config, await readKey(this.#config.hmac_key_file)));
    this.#eventLoop.start();
    this.#endpoint = await this.#listener.open(endpoint);
    const url = `${tls ? 'https' : 'http'}://${formatEndpoint(this.#endpoint)}/v1/reports`;
    logger.info({ instances: this.tellsOf }, `Listening for reports on ${url}`);
    this.#warnOfOpenInstances();
  }

  examine(): Promise<readonly Finding[]> {
    const uses = this.#context.ledger.limits(this.tellsOf);
    return Promise.resolve([...examineReceiver(this.#config, this.#endpoint), ...fullLimits(uses)]);
  }

  status(): ComponentStatus {
    const { ledger } = this.#context;
    return statusOf(this.#config, this.#endpoint, (instance) => !ledger.hasReported(instance));
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#handler.stop();
    await this.#listener.close(deadline);
    // In a reload bodies are still under way: the listener that takes over has their connections.
    this.#handler.whenIdle(() => {
      this.#eventLoop.stop();
      this.#log.close();
    });
  }

  readonly #onFault: OnHttpFault = (code, details) => {
    this.#telemetry.refused(code, undefined);
    this.#log.refused(code, undefined, details);
  };

  #warnOfOpenInstances(): void {
    const { logger } = this.#context;
    for (const instance of this.#config.instances) {
      const tokens = tokensOf(instance);
      if (tokens.length === 0) {
        logger.warn(
          { instance: instance.name },
          'No token is set: every program on this host, and every proxy that leads here, can send reports. Set a token (couic-otel-bridge token makes one) and append it to the webhook of Couic',
        );
      }
    }
  }
}
