import { type ExportResult, ExportResultCode } from '@opentelemetry/core';
import type {
  AggregationTemporality,
  InstrumentType,
  PushMetricExporter,
  ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { type Clock, systemClock } from '../../../src/clock.ts';
import { Backoff, type BackoffOptions } from '../../../src/delivery/backoff.ts';
import { type Sleep, systemSleep } from '../../../src/sleep.ts';
import type { Fold, Journal } from '../../../src/storage/store.ts';
import { Heartbeat } from './heartbeat.ts';
import { LapiClient, type LapiClientOptions } from './lapi-client.ts';
import type { Log } from './log.ts';
import type { Mapping } from './mapping.ts';
import { noObserver, type WindowObserver } from './observer.ts';
import { OTHER_ORIGIN } from './origins.ts';
import { Outbox } from './outbox.ts';
import type { ComponentInfo } from './payload.ts';
import type { SourcePoint } from './points.ts';
import { encodeRecord } from './records.ts';
import { type Sealed, Sealer } from './sealer.ts';
import { Sender } from './sender.ts';

/** Where the outbox keeps its records. */
export interface OutboxStorage {
  /** Called once, before anything else. */
  attach(fold: Fold): Journal;
  /** Reads what is there into the fold. */
  open?(): Promise<void>;
  close?(): Promise<void>;
}

export interface UsageMetricsExporterOptions {
  /** Where windows go; left out: a dry run, which logs them. */
  readonly lapi?: Omit<LapiClientOptions, 'userAgent'> | undefined;
  readonly component: ComponentInfo;
  readonly mapping: Mapping;
  /** Which instruments to look at. @default all */
  readonly follows?: (metric: string) => boolean;
  readonly storage: OutboxStorage;
  readonly retry: BackoffOptions;
  /** Milliseconds that a window may wait for LAPI; 0 = no bound. */
  readonly maxAge: number;
  /** Bytes of all windows that wait. */
  readonly maxBytes: number;
  readonly maxOrigins: number;
  /** Name that all origins beyond those share. @default 'couic:other' */
  readonly otherOrigin?: string;
  /** Milliseconds between the requests that keep "last API pull" fresh; 0 = none. */
  readonly heartbeat: number;
  /** Of counters; gauges and up-down counters are always cumulative. @default 'cumulative' */
  readonly temporality?: 'cumulative' | 'delta';
  readonly log: Log;
  readonly observer?: WindowObserver;
  readonly clock?: Clock;
  readonly sleep?: Sleep;
  /** From 0 up to, not including, 1. */
  readonly random?: () => number;
}

/**
 * Exports metrics to CrowdSec's Local API as usage-metrics windows. `export` succeeds when the window is in the outbox;
 * sending it is another matter, that goes on until LAPI has it.
 */
export class CrowdSecUsageMetricsExporter implements PushMetricExporter {
  readonly outbox = new Outbox();
  readonly #options: UsageMetricsExporterOptions;
  readonly #journal: Journal;
  readonly #client: LapiClient | undefined;
  readonly #sealer: Sealer;
  readonly #sender: Sender | undefined;
  readonly #heartbeat: Heartbeat | undefined;
  #started: Promise<void> | undefined;
  #ended = false;

  /** Opens nothing. */
  constructor(options: UsageMetricsExporterOptions) {
    this.#options = options;
    const { lapi, component, storage, log, observer = noObserver, clock = systemClock, sleep = systemSleep } = options;
    const { outbox } = this;
    const journal = storage.attach(outbox);
    this.#journal = journal;
    const { mapping, follows, maxOrigins, otherOrigin = OTHER_ORIGIN } = options;
    const common = { outbox, journal, log, observer, clock, sleep };
    this.#sealer = new Sealer({
      ...common,
      component,
      mapping,
      ...(follows && { follows }),
      maxOrigins,
      otherOrigin,
      dryRun: lapi === undefined,
    });
    if (!lapi) return;
    const client = new LapiClient({ ...lapi, userAgent: `${component.type}/${component.version}` });
    this.#client = client;
    this.#sender = new Sender({
      ...common,
      push: (body, signal) => client.push(body, signal),
      backoff: new Backoff(options.retry, options.random ?? Math.random),
      bounds: { maxAge: options.maxAge, maxBytes: options.maxBytes },
    });
    if (options.heartbeat === 0) return;
    this.#heartbeat = new Heartbeat({
      pull: (signal) => client.pull(signal),
      interval: options.heartbeat,
      clock,
      sleep,
      log,
    });
  }

  /** Opens the storage and begins to send what waits. Once; `export` does it if nobody did. */
  start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async #start(): Promise<void> {
    await this.#options.storage.open?.();
    this.#sender?.start();
    this.#heartbeat?.start();
  }

  /** See `Sealer.startCounting`. Without it every counter counts from zero. */
  async startCounting(
    metrics: ResourceMetrics,
    sources: readonly string[],
    sourceOf: (point: SourcePoint) => string,
  ): Promise<void> {
    await this.#sealer.startCounting(metrics, sources, sourceOf);
  }

  /** Seals what was counted since the last window; `send` or `shutdown` sends it. @param signal - ends a short wait for its second. */
  async seal(metrics: ResourceMetrics, signal?: AbortSignal): Promise<Sealed> {
    if (this.#ended) throw new Error('the exporter was shut down');
    await this.start();
    return this.#sealer.seal(metrics, signal);
  }

  /** Has what waits sent. Returns at once. */
  send(): void {
    this.#sender?.wake();
  }

  export(metrics: ResourceMetrics, resultCallback: (result: ExportResult) => void): void {
    this.seal(metrics).then(
      () => {
        this.send();
        resultCallback({ code: ExportResultCode.SUCCESS });
      },
      (error: Error) => resultCallback({ code: ExportResultCode.FAILED, error }),
    );
  }

  /** Puts a quarantined window back into the outbox. @returns false when there is none of this number. */
  async resend(number: number): Promise<boolean> {
    if (!this.outbox.quarantined.some((window) => window.number === number)) return false;
    const at = (this.#options.clock ?? systemClock).now();
    await this.#journal.append([encodeRecord({ type: 'resent', at, number })]);
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
  async shutdown(deadline: AbortSignal = AbortSignal.timeout(this.#options.lapi?.timeout ?? 0)): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#started) {
      await this.#started.catch(() => {});
      await Promise.all([this.#sender?.stop(deadline), this.#heartbeat?.stop()]);
      await this.#options.storage.close?.();
    }
    await this.#client?.close();
  }

  /** Gauges need their level; of counters either will do. */
  selectAggregationTemporality(instrument: InstrumentType): AggregationTemporality {
    const counter = instrument === COUNTER || instrument === OBSERVABLE_COUNTER;
    return this.#options.temporality === 'delta' && counter ? DELTA : CUMULATIVE;
  }
}

/* Values of enums of @opentelemetry/sdk-metrics, of which only types are imported: see points.ts. */
const COUNTER = 'COUNTER' satisfies `${InstrumentType}`;
const OBSERVABLE_COUNTER = 'OBSERVABLE_COUNTER' satisfies `${InstrumentType}`;
const DELTA = 0 satisfies AggregationTemporality;
const CUMULATIVE = 1 satisfies AggregationTemporality;
