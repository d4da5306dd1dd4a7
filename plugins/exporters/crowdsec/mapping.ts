import type { UsageItem } from './items.ts';
import type { SourcePoint } from './points.ts';

/** What one series adds to one item. */
export interface Contribution extends UsageItem {
  /** A whole number; of a counter it may be negative, to be set off against what others add. @default the point's value */
  readonly value?: number;
}

/**
 * Says what a series counts as. Called at each sealing for each series that has something to say: the `value` of a
 * counter's point is what was counted since the last window, that of a gauge its present level.
 *
 * Must depend on the point alone. When it changes, what earlier windows said is not said again.
 */
export type Mapping = (point: SourcePoint) => Contribution | readonly Contribution[] | undefined;
