import type { Decision } from '../../../src/log/decide.ts';
import type { Position } from '../../../src/log/log.ts';
import type { Digest } from './digest.ts';
import type { DropCounts } from './drop-counters.ts';

/** An interval ends here: what the log has before it is counted in it, over any restart. */
export interface EndRecord {
  readonly type: 'end';
  /** When it began, ms since the epoch; null when counting begins with this. */
  readonly from: number | null;
  readonly to: number;
}

/** What was counted up to an end is told, or is not; from then on it never changes. */
export interface ClosedRecord {
  readonly type: 'closed';
  /** Position of the end. */
  readonly through: Position;
  readonly drops: DropCounts;
  /** Left out when there is nothing to tell. */
  readonly digest?: Digest;
  /** Ids of those that are to be told. */
  readonly notifiers?: readonly string[];
}

/** Entries of the log up to here were let go of before they were counted. */
interface GapRecord {
  readonly type: 'gap';
  readonly through: Position;
}

/** `refused`: never will be; `expired`, `too_many`: bounds took it; `gone`: nobody is configured by this name any more. */
export type Fate = 'sent' | 'refused' | 'expired' | 'too_many' | 'gone';

/** What became of a digest at one notifier. */
interface DoneRecord {
  readonly type: 'done';
  /** Of the digest. */
  readonly id: string;
  readonly notifier: string;
  readonly fate: Fate;
}

export type DigestRecord = EndRecord | ClosedRecord | GapRecord | DoneRecord;

export function decisionOf(record: DigestRecord): Decision {
  return { record: Buffer.from(JSON.stringify(record), 'utf8') };
}

/** For readers of the log. @returns undefined for what names were taken out of, and for what is not read again. */
export function decodeMark(bytes: Uint8Array): EndRecord | GapRecord | undefined {
  try {
    const record = decodeRecord(bytes);
    return record.type === 'end' || record.type === 'gap' ? record : undefined;
  } catch {
    return undefined;
  }
}

export function decodeRecord(bytes: Uint8Array): DigestRecord {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')) as DigestRecord;
}
