/** What one counter of Couic stands at. */
export interface TrafficCount {
  readonly packets: bigint;
  readonly bytes: bigint;
}

/** How many rules there are of each policy. */
export interface RuleCounts {
  readonly drop: number;
  readonly ignore: number;
}

/** One reading of a Couic's counters. They count since its start; a tag's, since the first of its present rules. */
export interface TrafficReading {
  /** By what XDP did: `XDP_DROP`, `XDP_PASS`… */
  readonly xdp: ReadonlyMap<string, TrafficCount>;
  /** Packets that matched a drop rule, by its tag; `untagged` for none. */
  readonly drop: ReadonlyMap<string, TrafficCount>;
  /** Packets that matched an ignore rule, likewise. */
  readonly ignore: ReadonlyMap<string, TrafficCount>;
  /** Rules that Couic holds at this moment; left out when it does not say. */
  readonly rules?: RuleCounts;
}

export const TRAFFIC_GROUPS = ['xdp', 'drop', 'ignore'] as const;
export type TrafficGroup = (typeof TRAFFIC_GROUPS)[number];

/** A counter's name and what it stands at. */
export type NamedCount = readonly [name: string, packets: bigint, bytes: bigint];

/** What changed from one reading to the next: all that the log needs. */
export interface TrafficChange {
  /** The first reading of this Couic: it is where counting starts, unless its past is wanted too. */
  readonly first: 'baseline' | 'counted' | null;
  /** Couic's counters began again, so each stands at what came since. */
  readonly restarted: boolean;
  readonly changed: Readonly<Record<TrafficGroup, readonly NamedCount[]>>;
  /** Counters that are not there any more: they start again from 0 when they come back. */
  readonly gone: Readonly<Record<TrafficGroup, readonly string[]>>;
}
