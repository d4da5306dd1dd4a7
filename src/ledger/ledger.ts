import type { MetricSource } from '../service/metric-source.ts';
import type { LimitUse } from '../telemetry/limits.ts';
import type { Attempt } from './attempt.ts';
import type { BodySource } from './body-source.ts';
import type { QuarantinedReport } from './quarantined-report.ts';
import type { ListRules, ReconcileOptions, Reconciliation } from './reconciler.ts';
import type { RuleCounts, TrafficReading } from './traffic.ts';

/** What became of one body. */
export interface IngestResult {
  /** Reports that are now in the totals because of this body. */
  accepted: number;
  /** Reports of this body that an earlier body had brought already. */
  replayed: number;
  /** Reports of this body that were not valid; counted by reason and kept for the operator. */
  quarantined: number;
}

/** One valid report, for the log line that the documentation tells a person to look for. */
export interface ReportLine {
  action: 'add' | 'remove';
  policy: 'drop' | 'ignore';
  cidr: string;
  tag: string | null;
}

/** What one body brought, as it is ingested; only of reports that were accepted now. */
export interface IngestOptions {
  /** The request that it came with; left out, it is never known to be answered. */
  attempt?: Attempt;
  /** Aborted when the client is gone: work ends between two chunks, what was committed stays. */
  signal?: AbortSignal;
  /** How many reports to hand to `onReports`; a body that brings more hands over none. 0 = never. */
  linesUpTo?: number;
  onReports?(lines: readonly ReportLine[]): void;
  /** Raised as the work goes on, so that what a body brought is known too when it is aborted or fails. */
  progress?: IngestResult;
}

/** The body is not a JSON array; what came whole before the break was committed. Answered with 400. */
export class BodyError extends Error {
  /** Byte offset in the body at which it stopped being a JSON array. */
  readonly offset: number;
  readonly result: IngestResult;

  constructor(message: string, offset: number, result: IngestResult) {
    super(message);
    this.name = 'BodyError';
    this.offset = offset;
    this.result = result;
  }
}

/**
 * The sender has given this body up: a later one has come, or this is an earlier attempt of one that came. What it had
 * committed stays, and is known when it comes again. Answered with 503, and the connection is closed.
 */
export class SupersededError extends Error {
  constructor(options?: ErrorOptions) {
    super('a later request of the same sender has taken the place of this one', options);
    this.name = 'SupersededError';
  }
}

export interface LastComparison {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Rules by which the ledger was away from what Couic holds. */
  readonly drift: number;
}

/**
 * What Couic reported and what has not since been removed or expired. The receivers of Couic write into it, and offer its
 * metrics, by the names of instances; exporters read those and never see this interface.
 */
export interface Ledger extends MetricSource {
  /**
   * Takes one body: scans it, commits its reports chunk by chunk, counts each once. To be called when the request's head
   * was read: a body ends every earlier one of its instance. Resolves when everything is on disk.
   * @throws BodyError when the body is not a JSON array.
   * @throws SupersededError when its sender has given it up.
   * @throws StorageError (`ERR_STORAGE_COMMIT`) when a commit failed: answer 503, Couic keeps its reports.
   * @throws the signal's reason when it was aborted.
   */
  ingest(instance: string, body: BodySource, options?: IngestOptions): Promise<IngestResult>;
  /**
   * Takes in a reading of one Couic's counters: totals go on over its restarts and ours. One at a time for an instance.
   * @param options - `fromStart`: count what came before the first reading, too.
   * @returns whether Couic had been restarted since the last reading.
   */
  recordTraffic(
    instance: string,
    reading: TrafficReading,
    options?: { fromStart?: boolean },
  ): Promise<{ restarted: boolean }>;
  /** Brings the rules of an instance to what its Couic lists, without counting reports. One at a time for an instance. */
  reconcile(instance: string, list: ListRules, options?: ReconcileOptions): Promise<Reconciliation>;
  /** Whether the API of an instance answers, as `couic.up` shows it. @param held - how many rules it says it holds. */
  setUp(instance: string, up: boolean, held?: RuleCounts): void;
  /** How many rules the ledger holds for an instance. */
  ruleCounts(instance: string): RuleCounts;
  /** When rules were last compared with those of Couic, over restarts of the bridge; undefined before the first time. */
  lastComparison(instance: string): LastComparison | undefined;
  /** Whether a report of the instance ever came. */
  hasReported(instance: string): boolean;
  /** How full the bounds of these instances are; of those that have sent something. */
  limits(instances: readonly string[]): readonly LimitUse[];
  /** The newest quarantined reports of each instance, oldest first; a small bounded ring, over restarts. */
  quarantined(): readonly QuarantinedReport[];
}
