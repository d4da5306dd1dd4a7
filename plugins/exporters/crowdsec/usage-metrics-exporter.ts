import type {
  AggregationTemporality,
  InstrumentType,
  PushMetricExporter,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type Clock, type Sleep, systemClock, systemSleep } from '../../../src/clock.ts';
import type { ClientTlsOptions as ClientTls } from '../../../src/config/client-tls.ts';
import { Backoff, type BackoffOptions } from '../../../src/delivery/backoff.ts';
import { appendDecided } from '../../../src/log/decide.ts';
import type { Position, Topic } from '../../../src/log/log.ts';
import { Heartbeat } from './heartbeat.ts';
import { LapiClient } from './lapi-client.ts';
import { diagLog, type Log } from './log.ts';
import type { Mapping } from './mapping.ts';
import { memoryOutbox } from './memory-outbox.ts';
import { noObserver, type WindowObserver } from './observer.ts';
import { checkOptions } from './options.ts';
import { Outbox } from './outbox.ts';
import type { OutboxStorage } from './outbox-storage.ts';
import type { ComponentInfo } from './payload.ts';
import type { Follows, SourceOf } from './points.ts';
import { decisionOf } from './records.ts';
import { type Sealed, Sealer } from './sealer.ts';
import { Sender } from './sender.ts';

/** Durations are in milliseconds. */
export interface CrowdSecUsageMetricsExporterOptions {
  /** What counts as what. */
  readonly mapping: Mapping;
  /** Which instruments to look at, and which of their series. @default all */
  readonly follows?: Follows;
  /** Address of LAPI, without `/v1`. @default 'http://127.0.0.1:8080' */
  readonly endpoint?: string;
  /** The bouncer's key; needed unless `dryRun`, or a client certificate in `tls`. */
  readonly apiKey?: string;
  /** Of `tls.connect`; a function is called for each connection, so that renewed certificates are taken up. */
  readonly tls?: ClientTls | (() => Promise<ClientTls>) | undefined;
  /** For a whole request. @default 10000 */
  readonly timeout?: number;
  /** Source address; LAPI takes it as a part of the bouncer. */
  readonly localAddress?: string | undefined;
  /** @default that of endpoint or localAddress, else 'ipv4' */
  readonly addressFamily?: 'ipv4' | 'ipv6' | undefined;
  /** Log windows, send nothing. @default false */
  readonly dryRun?: boolean;
  /** How the sender calls itself; `type/version` is the User-Agent. */
  readonly component: ComponentInfo;
  /** @default in memory: what was not sent is gone with the process */
  readonly outbox?: OutboxStorage;
  /** Waits between attempts. @default 5 s, times 1.5 up to 30 s, spread by half */
  readonly retry?: BackoffOptions;
  /** How long a window may wait for LAPI; 0 = for ever. @default 7 days */
  readonly maxAge?: number;
  /** Bytes of all windows that wait. @default 64 MiB */
  readonly maxBytes?: number;
  /**
   * Whose a series is: each source has `maxOrigins` of its own. It says besides that a counter which its source gives no more, while it gives
   * others, has ended: should it come again, it counts from zero. @default nobody's: all share `maxOrigins`, and no counter ends
   */
  readonly sourceOf?: SourceOf;
  /** Of each source. @default 100 */
  readonly maxOrigins?: number;
  /** Name that all origins beyond those share. @default 'other' */
  readonly otherOrigin?: string;
  /** Origins that have a place beside those. @default none */
  readonly reservedOrigins?: readonly string[];
  /** Between the requests that keep "last API pull" fresh, at most 15 minutes; 0 = none. @default 15 minutes */
  readonly heartbeat?: number;
  /** Of counters; gauges and up-down counters are always cumulative. @default 'cumulative' */
  readonly temporality?: 'cumulative' | 'delta';
  /** @default diag of @opentelemetry/api */
  readonly log?: Log;
  readonly observer?: WindowObserver;
  /** Told with each answer what time LAPI has, ms since the epoch. */
  readonly onDate?: (time: number) => void;
  /** Whether windows may be sent now: of several processes that share an outbox, one may. @default always */
  readonly acts?: () => boolean;
  readonly clock?: Clock;
  readonly sleep?: Sleep;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

const DEFAULTS = {
  endpoint: 'http://127.0.0.1:8080',
  timeout: 10_000,
  retry: { initial_interval: 5000, randomization_factor: 0.5, multiplier: 1.5, max_interval: 30_000 },
  maxAge: 7 * 86_400_000,
  maxBytes: 64 * 1024 * 1024,
  maxOrigins: 100,
  otherOrigin: 'other',
  heartbeat: 900_000,
  observer: noObserver,
  clock: systemClock,
  sleep: systemSleep,
  random: Math.random,
} as const;

/**
 * Exports metrics to CrowdSec's Local API as usage-metrics windows. `export` succeeds when the window is in the outbox;
 * sending it is another matter, that goes on until LAPI has it.
 */
export class CrowdSecUsageMetricsExporter implements PushMetricExporter {
  readonly outbox = new Outbox();
  readonly #storage: OutboxStorage;
  readonly #topic: Topic;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #temporality: 'cumulative' | 'delta';
  /** Left out in a dry run. */
  readonly client: LapiClient | undefined;
  readonly #sealer: Sealer;
  readonly #sender: Sender | undefined;
  readonly #heartbeat: Heartbeat | undefined;
  #started: Promise<void> | undefined;
  #ended = false;

  /** Opens nothing. @throws TypeError that says which option is wrong. */
  constructor(given: CrowdSecUsageMetricsExporterOptions) {
    const options = { ...DEFAULTS, ...set(given) };
    checkOptions(options);
    const { component, log = diagLog, observer, clock, sleep, random, mapping, follows, dryRun = false } = options;
    this.#storage = options.outbox ?? memoryOutbox();
    this.#clock = clock;
    this.#timeout = options.timeout;
    this.#temporality = options.temporality ?? 'cumulative';
    const { outbox } = this;
    const topic = this.#storage.attach(outbox);
    this.#topic = topic;
    const common = { outbox, topic, log, observer, clock, sleep };
    const { sourceOf, maxOrigins, otherOrigin, reservedOrigins, maxAge, maxBytes } = options;
    const origins = { sourceOf, maxOrigins, otherOrigin, reservedOrigins };
    this.#sealer = new Sealer({ ...common, ...origins, component, mapping, follows, dryRun });
    if (dryRun) return;
    const client = new LapiClient({ ...options, userAgent: `${component.type}/${component.version}` });
    this.client = client;
    this.#sender = new Sender({
      ...common,
      push: (body, signal) => client.push(body, signal),
      acts: options.acts,
      backoff: new Backoff(options.retry, random),
      bounds: { maxAge, maxBytes },
    });
    if (options.heartbeat === 0) return;
    this.#heartbeat = new Heartbeat({
      ...common,
      random,
      pull: (signal) => client.pull(signal),
      interval: options.heartbeat,
    });
  }

  /** Opens the storage and begins to send what waits. Once; `export` does it if nobody did. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    await this.#storage.open?.();
    this.#sender?.start();
    this.#heartbeat?.start();
  }

  /** See `Sealer.startCounting`. Without it every counter counts from zero. */
  async startCounting(metrics: ResourceMetrics, sources: readonly string[]): Promise<void> {
    await this.#sealer.startCounting(metrics, sources);
  }

  /** How many items no window could tell, since their mapping failed or gave what CrowdSec does not take. */
  get leftOut(): number {
    return this.#sealer.leftOut;
  }

  /** What the last attempt failed with, to send a window or to show that the bridge is there; null when it did not. */
  get trouble(): string | null {
    return this.#sender?.trouble ?? this.#heartbeat?.trouble ?? null;
  }

  /** Where the outbox stands: to be asked before metrics are collected that are to be sealed. */
  get position(): Position {
    return this.#topic.last;
  }

  /**
   * Seals what was counted since the last window; `send` or `shutdown` sends it.
   * @param signal - ends a short wait for its second. @param asOf - `position`, as it was when the metrics were collected.
   */
  async seal(metrics: ResourceMetrics, signal?: AbortSignal, asOf?: Position): Promise<Sealed> {
    if (this.#ended) throw new Error('the exporter was shut down');
    await this.start();
    return this.#sealer.seal(metrics, asOf ?? this.position, signal);
  }

  /** Has what waits sent. Returns at once. */
  send(): void {
    this.#sender?.wake();
  }

  export(metrics: ResourceMetrics, resultCallback: Parameters<PushMetricExporter['export']>[1]): void {
    this.seal(metrics).then(
      () => {
        this.send();
        resultCallback({ code: SUCCESS });
      },
      (error: Error) => resultCallback({ code: FAILED, error }),
    );
  }

  /** Puts a quarantined window back into the outbox. @returns false when there is none of this number. */
  async resend(number: number): Promise<boolean> {
    const resent = await appendDecided(this.#topic, () =>
      this.outbox.quarantined.some((window) => window.number === number)
        ? decisionOf({ type: 'resent', at: this.#clock.now(), number })
        : undefined,
    );
    if (resent === undefined) return false;
    this.send();
    return true;
  }

  /** Tries now to send what waits; what LAPI does not take goes on waiting. */
  async forceFlush(): Promise<void> {
    if (!this.#started || this.#ended) return;
    await this.#started;
    await this.#sender?.flush();
  }

  /** One last attempt, then the end; what LAPI did not take stays in the outbox. Safe without `start()`, and twice. */
  async shutdown(deadline: AbortSignal = AbortSignal.timeout(this.#timeout)): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#started) {
      await this.#started.catch(() => {});
      await Promise.all([this.#sender?.stop(deadline), this.#heartbeat?.stop()]);
      await this.#storage.close?.();
    }
    await this.client?.close();
  }

  /** Gauges need their level; of counters either will do. */
  selectAggregationTemporality(instrument: InstrumentType): AggregationTemporality {
    const counter = instrument === COUNTER || instrument === OBSERVABLE_COUNTER;
    return this.#temporality === 'delta' && counter ? DELTA : CUMULATIVE;
  }
}

/** Without what is undefined: that is the default. */
function set(options: CrowdSecUsageMetricsExporterOptions): CrowdSecUsageMetricsExporterOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as CrowdSecUsageMetricsExporterOptions;
}

/* Values of enums of OpenTelemetry's packages, of which only types are imported: see points.ts. */
const SUCCESS = 0;
const FAILED = 1;
const COUNTER = 'COUNTER' satisfies `${InstrumentType}`;
const OBSERVABLE_COUNTER = 'OBSERVABLE_COUNTER' satisfies `${InstrumentType}`;
const DELTA = 0 satisfies AggregationTemporality;
const CUMULATIVE = 1 satisfies AggregationTemporality;
