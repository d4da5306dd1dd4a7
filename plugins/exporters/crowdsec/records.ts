import type { Decision } from '../../../src/log/decide.ts';
import type { UsageItem } from './items.ts';
import type { Place } from './origin-cap.ts';

/** A series' key, what it had counted, when that count began (ms since the epoch), and whose it is. */
export type SeriesChange = readonly [key: string, value: number, start: number, source: string];

/** Counting begins, or begins for further sources: what they had counted before is never told. `at`: ms since the epoch. */
export interface BaselineRecord {
  readonly type: 'baseline';
  readonly at: number;
  /** Instances that the changes cover. */
  readonly sources: readonly string[];
  readonly changes: readonly SeriesChange[];
  /** Counting begins anew for everything. */
  readonly restart: boolean;
  readonly dryRun: boolean;
}

/** A window got its final bytes and the baseline moved: one record, so one transaction. */
export interface SealedRecord {
  readonly type: 'sealed';
  readonly at: number;
  readonly changes: readonly SeriesChange[];
  /** Items that are below zero now, all of them. */
  readonly owed: readonly (readonly [item: UsageItem, value: number])[];
  /** Keys of series that ended: should one come again, it counts from zero. */
  readonly ended: readonly string[];
  /** Origins that were idle and gave back their places. */
  readonly released: readonly Place[];
  /** Origins that have a place as of now. */
  readonly noted: readonly Place[];
  /** Left out when the baseline moved past counts that no item tells. */
  readonly window?: SealedWindow;
}

export interface SealedWindow {
  readonly number: number;
  /** `utc_now_timestamp` of its last part. */
  readonly second: number;
  readonly items: number;
  readonly body: string;
  /** Logged, not to be sent. */
  readonly dryRun: boolean;
}

export interface SentRecord {
  readonly type: 'sent';
  readonly at: number;
  readonly number: number;
}

/** LAPI refused the window for good. */
export interface QuarantinedRecord {
  readonly type: 'quarantined';
  readonly at: number;
  readonly number: number;
  readonly status: number;
  /** What LAPI said, cut to a bound. */
  readonly message: string;
}

/** An operator put a quarantined window back into the outbox. */
interface ResentRecord {
  readonly type: 'resent';
  readonly at: number;
  readonly number: number;
}

export type DropReason = 'max_age' | 'max_size' | 'quarantine_full';

/** A bound of the outbox took the window, or of the quarantine. */
export interface DroppedRecord {
  readonly type: 'dropped';
  readonly at: number;
  readonly number: number;
  readonly reason: DropReason;
}

export type OutboxRecord =
  | BaselineRecord
  | SealedRecord
  | SentRecord
  | QuarantinedRecord
  | ResentRecord
  | DroppedRecord;

/**
 * A line of JSON, and after it the body of a sealed window as it is: it is by far the longest part, and would double
 * its work as a string in a string.
 */
function encodeRecord(record: OutboxRecord): Uint8Array {
  if (record.type !== 'sealed' || !record.window) return Buffer.from(JSON.stringify(record), 'utf8');
  const { body, ...window } = record.window;
  return Buffer.from(`${JSON.stringify({ ...record, window })}\n${body}`, 'utf8');
}

/** A record with what it was made of, as the log takes it. */
export function decisionOf(origin: OutboxRecord): Decision {
  return { record: encodeRecord(origin), origin };
}

export function decodeRecord(bytes: Uint8Array): OutboxRecord {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const end = text.indexOf('\n');
  if (end === -1) return JSON.parse(text) as OutboxRecord;
  const record = JSON.parse(text.slice(0, end)) as SealedRecord & { window: SealedWindow };
  return { ...record, window: { ...record.window, body: text.slice(end + 1) } };
}
