import { type Sleep, systemSleep } from '../../../src/clock.ts';
import { isLoopback } from '../../../src/config/endpoint.ts';
import { loadClientTls } from '../../../src/config/tls.ts';
import type { Exporter, ExporterContext, Operation } from '../../../src/service/component.ts';
import type { ComponentStatus } from '../../../src/service/component-status.ts';
import { counted } from '../../../src/telemetry/counted.ts';
import type { Finding } from '../../../src/telemetry/finding.ts';
import type { CrowdSecConfig } from './config.ts';
import { type Counting, countingOf } from './counting.ts';
import { examineExporter } from './examine.ts';
import { identityOf } from './identity.ts';
import { KeyClaim } from './key-claim.ts';
import { windowOperations } from './operations.ts';
import { PREVIEW_OPERATION, preview } from './preview.ts';
import { SealingReader } from './sealing-reader.ts';
import { statusOf } from './status.ts';
import { bridgeObserver, observeOutbox } from './telemetry.ts';
import { CrowdSecUsageMetricsExporter } from './usage-metrics-exporter.ts';

const MIB = 1024 * 1024;

/** What tests put in place of the world. */
interface Hooks {
  readonly sleep?: Sleep;
  readonly random?: () => number;
  /** No other bridge of this host is looked for. */
  readonly alone?: boolean;
}

/** Values of `per` without a key that are named in the log. */
const MOST_NAMED = 20;

/** The component: the exporter, its reader over the ledger's metrics, and their order at start and shutdown. */
export class CrowdSecExporter implements Exporter {
  readonly reader: SealingReader;
  readonly exporter: CrowdSecUsageMetricsExporter;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly #context: ExporterContext;
  readonly #config: CrowdSecConfig;
  readonly #counting: Counting;
  /** Left out in a dry run, which is nobody to LAPI. */
  readonly #claim: KeyClaim | undefined;

  constructor(
    context: ExporterContext,
    config: CrowdSecConfig,
    { sleep = systemSleep, random = Math.random, alone = false }: Hooks = {},
  ) {
    this.#context = context;
    this.#config = config;
    // What is written down and what is dropped for its age goes by the clock that is believed.
    const { id, logger, trustedClock: clock, meter, events } = context;
    const { tls, interval } = config;
    const counting = countingOf(config, keyless(logger));
    this.#counting = counting;
    if (!config.dry_run && !alone) this.#claim = new KeyClaim(() => identityOf(config), logger);
    this.exporter = new CrowdSecUsageMetricsExporter({
      dryRun: config.dry_run,
      endpoint: config.endpoint,
      apiKey: config.api_key,
      tls: tls && (() => loadClientTls(tls)),
      timeout: config.timeout,
      localAddress: config.local_address,
      addressFamily: config.address_family,
      component: {
        name: config.name,
        type: config.type,
        version: config.version ?? context.version,
        feature_flags: config.feature_flags,
      },
      mapping: counting.mapping,
      follows: counting.follows,
      outbox: { attach: (fold) => context.attach(fold) },
      retry: config.retry_on_failure,
      maxAge: config.outbox.max_age,
      maxBytes: config.outbox.max_size_mib * MIB,
      sourceOf: counting.sourceOf,
      maxOrigins: counting.maxOrigins,
      otherOrigin: counting.otherOrigin,
      reservedOrigins: counting.reservedOrigins,
      heartbeat: config.heartbeat ? interval : 0,
      log: logger,
      observer: bridgeObserver({ exporter: id, meter, events }),
      acts: () => context.acts(),
      onDate: (time) => clock.confirm(time, 'LAPI'),
      clock,
      sleep,
      random,
    });
    observeOutbox(id, meter, this.exporter.outbox, clock);
    const producer = context.producer({ instances: config.instances, view: 'totals' });
    this.operations = {
      ...windowOperations(this.exporter, config),
      [PREVIEW_OPERATION]: () => preview(producer, counting, clock),
    };
    this.reader = new SealingReader({ exporter: this.exporter, producer, interval, clock, sleep, log: logger });
    context.beforeForgetting(() => this.reader.takeLast());
  }

  async examine(signal: AbortSignal): Promise<readonly Finding[]> {
    const { outbox, client } = this.exporter;
    const { clock } = this.#context;
    const found = await examineExporter({ config: this.#config, outbox, client, clock }, signal);
    return [...found, ...((await this.#claim?.examine()) ?? [])];
  }

  status(): ComponentStatus {
    const { outbox, trouble } = this.exporter;
    return statusOf({ config: this.#config, outbox, clock: this.#context.clock, trouble });
  }

  async start(): Promise<void> {
    const { tls } = this.#config;
    if (tls) await loadClientTls(tls);
    this.#warn();
    this.#claim?.start();
    const metrics = await this.reader.metrics();
    const sources = this.#counting.sources(this.#context.sources(this.#config.instances));
    await this.exporter.startCounting(metrics, sources);
    await this.exporter.start();
    this.reader.start();
  }

  async shutdown(deadline: AbortSignal): Promise<void> {
    await this.reader.finish(deadline);
    await this.exporter.shutdown(deadline);
    await this.#claim?.stop();
  }

  #warn(): void {
    const { dry_run, endpoint } = this.#config;
    const { logger } = this.#context;
    if (dry_run) {
      const { size } = this.exporter.outbox;
      const held =
        size > 0
          ? `; ${counted(size, 'windows of earlier runs wait', 'window of an earlier run waits')} until dry_run is off`
          : '';
      logger.info(`Dry run: windows are logged, nothing is sent to LAPI${held}`);
      return;
    }
    const { protocol, hostname } = new URL(endpoint);
    if (protocol === 'http:' && !isLoopback(hostname)) {
      logger.warn(`The key goes to ${hostname} unencrypted: use https, or a network that nobody listens on`);
    }
  }
}

/** Says once of each value that it has no key. */
function keyless(logger: ExporterContext['logger']): (attribute: string, value: unknown) => void {
  const named = new Set<unknown>();
  return (attribute, value) => {
    if (named.has(value) || named.size >= MOST_NAMED) return;
    named.add(value);
    logger.warn(
      value === undefined
        ? `CrowdSec is not told of series whose resource has no ${attribute}`
        : `CrowdSec is not told of ${attribute} "${String(value)}", which has no key: add one to keys`,
    );
  };
}
