import { startAt, startSeenFrom } from './series-start.ts';

/** Counts in buckets, with the sum: what an OTel histogram data point holds. */
export class BucketCounts {
  readonly boundaries: readonly number[];
  /** One more than boundaries; a value counts in the first bucket whose bound it does not exceed. */
  readonly counts: number[];
  count = 0;
  sum = 0;
  /** When its first value came, ms since the epoch. */
  start = 0;

  constructor(boundaries: readonly number[]) {
    this.boundaries = boundaries;
    this.counts = new Array<number>(boundaries.length + 1).fill(0);
  }

  /** @param times - how often the value occurred. */
  add(value: number, times = 1): void {
    let bucket = 0;
    while (bucket < this.boundaries.length && value > this.boundaries[bucket]!) bucket++;
    this.counts[bucket]! += times;
    this.count += times;
    this.sum += value * times;
  }

  /** A value is about to be added. @param clock - of the record, ms since the epoch. */
  begin(clock: number): void {
    if (this.count === 0) this.start = startAt(clock);
  }

  /** The host's clock had been ahead. */
  goBackTo(clock: number): void {
    this.start = startSeenFrom(clock, this.start);
  }

  save(): [counts: number[], sum: number, start: number] {
    return [this.counts, this.sum, this.start];
  }

  restore([counts, sum, start]: [counts: number[], sum: number, start: number]): void {
    for (const [i, count] of counts.entries()) {
      this.counts[i] = count;
      this.count += count;
    }
    this.sum = sum;
    this.start = start;
  }
}
