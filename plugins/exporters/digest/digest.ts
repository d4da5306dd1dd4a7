/** How much it was, as couic-report has it. */
export const LEVELS = ['green', 'orange', 'red'] as const;
export type Level = (typeof LEVELS)[number];

interface Thresholds {
  readonly orange: number;
  readonly red: number;
}

/** @param total - rules added. */
export function levelOf(total: number, { orange, red }: Thresholds): Level {
  if (total < orange) return 'green';
  return total < red ? 'orange' : 'red';
}

export function reaches(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** What one Couic's part of a digest is. */
export interface InstanceDigest {
  /** `couic.instance.name`. */
  readonly name: string;
  readonly total: number;
  readonly distinct: number;
  /** Packets that XDP dropped, as far as its counters were read; null when nobody reads them. */
  readonly droppedPackets: number | null;
}

/** What happened in an interval: written down before it is told to anybody, and never changed. */
export interface Digest {
  /** The same each time it is sent: `LOGID-EPOCH-POSITION`. */
  readonly id: string;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  readonly level: Level;
  /** Reports of rules that were added, drop and ignore. */
  readonly total: number;
  /** Networks among them. */
  readonly distinct: number;
  /** There were more than are kept apart: `distinct` is the least that it was. */
  readonly distinctIsLeast: boolean;
  /** Those with most reports first; rules without a tag are in none. */
  readonly tags: readonly (readonly [tag: string, count: number])[];
  /** Likewise, as far as the privacy options let them be told. */
  readonly networks: readonly (readonly [network: string, count: number])[];
  readonly droppedPackets: number | null;
  /** Those with most reports first. */
  readonly instances: readonly InstanceDigest[];
  /** Entries of the log were let go of before they were read: there was more. */
  readonly isIncomplete: boolean;
}
