import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { type Endpoint, formatEndpoint } from '../../../src/config/endpoint.ts';
import { FailureBrake } from '../../../src/http/failure-brake.ts';
import { HttpListener } from '../../../src/http/http-listener.ts';
import { Tokens } from '../../../src/http/tokens.ts';
import { SeriesKeeper } from '../../../src/ledger/series/keeper.ts';
import type { Operation, Receiver, ReceiverContext } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import type { MetricOffer } from '../../../src/service/metric-source.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { LIMITS_OPERATION, type LimitList } from '../../../src/telemetry/limits.ts';
import type { GrpcConfig, HttpConfig, OtlpReceiverConfig } from './config.ts';
import { Desk } from './desk.ts';
import { examineOtlp, httpUrl, type Listening, otlpStatus } from './examine.ts';
import type { GrpcListener } from './grpc-listener.ts';
import { HttpHandler } from './http-handler.ts';
import { Intake } from './intake.ts';
import { OtlpLog } from './receiver-log.ts';
import { OtlpTelemetry } from './telemetry.ts';

const BEARER = /^bearer +(\S+) *$/i;

/** Takes metrics over OTLP, and keeps a total of each series. */
export class OtlpReceiver implements Receiver {
  readonly metrics: MetricOffer;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ReceiverContext;
  readonly #config: OtlpReceiverConfig;
  readonly #keeper: SeriesKeeper;
  readonly #log: OtlpLog;
  readonly #desk: Desk;
  readonly #mayEnter: (authorization: string | undefined) => boolean;
  readonly #http: HttpListener | undefined;
  readonly #grpc: GrpcListener | undefined;
  readonly #endpoints: Partial<Record<'http' | 'grpc', Endpoint>> = {};

  /** @param Grpc - what listens for gRPC, when that is configured. */
  constructor(
    context: ReceiverContext,
    config: OtlpReceiverConfig,
    Grpc?: typeof GrpcListener,
    sleep: Sleep = systemSleep,
  ) {
    const { id, logger, clock, meter } = context;
    this.#context = context;
    this.#config = config;
    const name = `receiver/${id}`;
    const { max_series: maxSeries, metric_expiration: expiration, forget_after: forgetAfter } = config;
    const keeper = new SeriesKeeper({
      name,
      attach: (fold) => context.attach(fold),
      clock,
      sleep,
      logger,
      maxSeries,
      expiration,
      forgetAfter,
    });
    this.#keeper = keeper;
    this.metrics = { source: keeper, names: [name] };
    this.operations = {
      [LIMITS_OPERATION]: async (): Promise<LimitList> => [
        { of: '-', what: 'series', used: keeper.table.size, limit: maxSeries, option: 'max_series' },
      ],
    };
    this.#log = new OtlpLog(logger, clock);
    this.#desk = new Desk({
      intake: new Intake(keeper),
      telemetry: new OtlpTelemetry(meter, id, () => keeper.table.size, maxSeries),
      log: this.#log,
      maxConcurrent: config.max_concurrent_requests,
    });
    const tokens = config.auth && new Tokens([{ name: id, tokens: config.auth.tokens }]);
    this.#mayEnter = (authorization = '') =>
      tokens === undefined || tokens.authenticate(BEARER.exec(authorization)?.[1] ?? '') !== undefined;
    const { http, grpc } = config.protocols;
    this.#http = http && this.#httpListener(http);
    this.#grpc = grpc && Grpc && new Grpc(this.#grpcOptions(grpc));
  }

  /** Where it listens: ports are the system's choice for endpoints with port 0. */
  get endpoints(): Readonly<Partial<Record<'http' | 'grpc', Endpoint>>> {
    return this.#endpoints;
  }

  async start(): Promise<void> {
    const { logger } = this.#context;
    const { http, grpc } = this.#config.protocols;
    this.#keeper.start();
    if (http && this.#http) {
      this.#endpoints.http = await this.#http.open(http.endpoint);
      const url = httpUrl(http, formatEndpoint(this.#endpoints.http));
      logger.info(`Listening for metrics over OTLP on ${url}/v1/metrics`);
    }
    if (grpc && this.#grpc) {
      this.#endpoints.grpc = await this.#grpc.open(grpc.endpoint);
      logger.info(`Listening for metrics over OTLP (gRPC) on ${formatEndpoint(this.#endpoints.grpc)}`);
    }
  }

  examine(): Promise<readonly Finding[]> {
    return Promise.resolve(examineOtlp(this.#listening));
  }

  status(): ComponentStatus {
    return otlpStatus(this.#listening);
  }

  get #listening(): Listening {
    const { sources, table } = this.#keeper;
    return { config: this.#config, endpoints: this.#endpoints, sources, series: table.size };
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    this.#desk.stop();
    await Promise.all([this.#http?.close(deadline), this.#grpc?.close(deadline)]);
    await this.#keeper.stop();
    this.#log.close();
  }

  #httpListener(config: HttpConfig): HttpListener {
    const { id, clock, connections, logger } = this.#context;
    const failures = new FailureBrake(clock);
    const handler = new HttpHandler({ desk: this.#desk, config, failures, mayEnter: this.#mayEnter });
    return new HttpListener({
      name: id,
      limits: config,
      longBodies: true,
      tls: config.tls,
      router: handler.routes,
      budget: connections,
      onFault: (code, details) => this.#desk.refused(code, details),
      logger,
      clock,
    });
  }

  #grpcOptions(config: GrpcConfig): ConstructorParameters<typeof GrpcListener>[0] {
    const { id: name, connections: budget, logger, clock } = this.#context;
    return { name, config, desk: this.#desk, mayEnter: this.#mayEnter, budget, logger, clock };
  }
}
