/** Counts in buckets, with the sum: what an OTel histogram data point holds. */
export class BucketCounts {
  readonly boundaries: readonly number[];
  /** One more than boundaries; a value counts in the first bucket whose bound it does not exceed. */
  readonly counts: number[];
  count = 0;
  sum = 0;

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

  save(): [counts: number[], sum: number] {
    return [this.counts, this.sum];
  }

  restore([counts, sum]: [counts: number[], sum: number]): void {
    for (const [i, count] of counts.entries()) {
      this.counts[i] = count;
      this.count += count;
    }
    this.sum = sum;
  }
}
