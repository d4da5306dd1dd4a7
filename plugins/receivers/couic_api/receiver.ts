import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { loadClientTls } from '../../../src/config/tls.ts';
import type { Receiver, ReceiverContext } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import type { MetricOffer } from '../../../src/service/metric-source.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import { CouicApiClient } from './api-client.ts';
import type { CouicApiConfig } from './config.ts';
import { examineApi } from './examine.ts';
import { Reconciling } from './reconciling.ts';
import { TrafficCollection } from './traffic-collection.ts';

/** Asks the API of one Couic: for its counters at each interval, and for all of its rules now and then. */
export class CouicApiReceiver implements Receiver {
  readonly metrics: MetricOffer;
  readonly tellsOf: readonly string[];
  readonly #context: ReceiverContext;
  readonly #config: CouicApiConfig;
  readonly #sleep: Sleep;
  #client: CouicApiClient | undefined;
  #reconciling: Reconciling | undefined;
  #traffic: TrafficCollection | undefined;

  constructor(context: ReceiverContext, config: CouicApiConfig, sleep: Sleep = systemSleep) {
    this.#context = context;
    this.#config = config;
    this.#sleep = sleep;
    this.tellsOf = [config.instance];
    this.metrics = { source: context.ledger, names: this.tellsOf };
  }

  /** An API that does not answer yet is no reason not to start: Couic may come later than the bridge. */
  async start(): Promise<void> {
    const { endpoint, tls, reconcile, token } = this.#config;
    const { logger, clock, ledger } = this.#context;
    // Files that cannot be read are told now, not at the first connection.
    if (tls) await loadClientTls(tls);
    const client = this.#newClient();
    this.#client = client;
    const common = { client, ledger, logger, clock, sleep: this.#sleep, instance: this.#config.instance };
    const reconciling =
      reconcile &&
      new Reconciling({
        ...common,
        interval: reconcile.interval,
        token: reconcile.token ?? token,
        countsToken: token,
      });
    this.#reconciling = reconciling;
    const traffic = new TrafficCollection({
      ...common,
      token,
      interval: this.#config.collection_interval,
      fromStart: this.#config.count_from_start,
      onReturn: () => reconciling?.soon(),
      onDifference: () => reconciling?.onDifference(),
    });
    logger.info(
      { instance: this.#config.instance },
      `Collecting from ${endpoint.shown}${reconcile ? ', and reconciling rules' : ''}`,
    );
    this.#traffic = traffic;
    traffic.start();
    reconciling?.start();
  }

  async examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const { ledger, clock } = this.#context;
    const client = this.#newClient();
    try {
      const last = this.#reconciling?.last;
      return await examineApi({ config: this.#config, client, ledger, last, now: clock.now() }, signal);
    } finally {
      await client.close();
    }
  }

  status(): ComponentStatus {
    return { where: this.#config.endpoint.shown };
  }

  async shutdown(): Promise<void> {
    await Promise.all([this.#traffic?.stop(), this.#reconciling?.stop()]);
    await this.#client?.close();
    this.#client = undefined;
  }

  #newClient(): CouicApiClient {
    const { endpoint, timeout, tls } = this.#config;
    const { trustedClock, version } = this.#context;
    return new CouicApiClient({
      endpoint,
      timeout,
      tls: tls && (() => loadClientTls(tls)),
      userAgent: `couic-otel-bridge/${version}`,
      onDate: (time) => trustedClock.confirm(time, "Couic's API"),
    });
  }
}
