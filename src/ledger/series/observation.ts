import type { Attributes } from '@opentelemetry/api';

/** What a metric measures, and how what comes later adds to what came before. */
export type SeriesKind =
  /** A sum that only rises: its total is what is kept. */
  | 'counter'
  /** A sum that rises and falls: where it stands. */
  | 'updowncounter'
  /** The last value. */
  | 'gauge'
  | 'histogram';

/** What series are of. */
export interface StreamInfo {
  /** Of whoever measures: two resources are two sources, whatever else they have in common. */
  readonly resource: Attributes;
  readonly scope: { readonly name: string; readonly version: string; readonly attributes: Attributes };
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  readonly kind: SeriesKind;
}

/** How a point relates to those before it: `cumulative` tells all since its start, `delta` what came in its interval. */
export type Temporality = 'cumulative' | 'delta';

/** Times of a point in nanoseconds since the epoch, as far as a double tells them apart; 0 = not set. */
export interface PointTimes {
  readonly start: number;
  readonly time: number;
}

/** What one point of a histogram holds. */
export interface HistogramValue {
  /** Upper bounds, rising; the last bucket has none. */
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: readonly number[];
  readonly count: number;
  /** Left out where values below zero were measured. */
  readonly sum: number | undefined;
}

/** One point of one series, as a source sent it. */
export interface Observation extends PointTimes {
  readonly attributes: Attributes;
  readonly temporality: Temporality;
  /** `ended`: the source says that the series is no more. */
  readonly value: number | HistogramValue | 'ended';
}
