import type { Attributes } from '@opentelemetry/api';
import { LEDGER_METRICS } from '../telemetry/names.ts';
import { Counters } from './counters.ts';
import { Heads } from './heads.ts';
import { BucketCounts } from './histogram.ts';
import { startAt, startSeenFrom } from './series-start.ts';
import { TrafficTotals } from './traffic-totals.ts';

/** Kinds that fit into a key of `reports`; CappedNames keeps their number below. */
export const KIND_BITS = 8;

/** Prefix lengths 0 to 128. */
export const PREFIXES = 129;

/** `tag << 11 | kind << 3 | IPv6 << 2 | ignore << 1 | remove`, the low three bits as in packed.ts. */
export type ReportKey = number;

/** `tag << 2 | IPv6 << 1 | ignore`. */
export type RuleKey = number;

/** Everything counted for one Couic. */
export class InstanceTotals {
  readonly number: number;
  readonly name: string;
  readonly heads = new Heads();
  /** By ReportKey. */
  readonly reports = new Counters();
  /** Active rules by RuleKey. */
  active = new Float64Array(64);
  /** By RuleKey. */
  readonly expirations = new Counters();
  readonly lifetimes: readonly [drop: BucketCounts, ignore: BucketCounts] = [
    new BucketCounts(LEDGER_METRICS.ruleLifetime.boundaries),
    new BucketCounts(LEDGER_METRICS.ruleLifetime.boundaries),
  ];
  readonly lag = new BucketCounts(LEDGER_METRICS.reportLag.boundaries);
  /** Added rules by `(IPv6 << 1 | ignore) * PREFIXES + prefix length`; a histogram is made of it when it is asked for. */
  readonly prefixLengths = new Float64Array(4 * PREFIXES);
  /** When each of the four histograms began, ms since the epoch; -1 before that. */
  readonly prefixStarts = new Float64Array(4).fill(-1);
  /** The clock of the newest record with a report, ms since the epoch; 0 before the first. */
  lastReport = 0;
  /** Reports whose tag (0) or kind (1) came after the cap. */
  readonly overflows = new Counters();
  readonly traffic = new TrafficTotals();
  /** Rules that the last reconciliation had to correct; null before the first. */
  drift: number | null = null;
  /** Rules that reconciliations brought in and took out since the start of the process; no state. */
  readonly corrections = { added: 0, removed: 0 };
  /** Attribute sets of the series above, made when first collected; no state. */
  readonly reportAttributes = new Map<ReportKey, Attributes>();
  readonly ruleAttributes = new Map<RuleKey, Attributes>();
  readonly trafficAttributes = new Map<string, Attributes>();

  constructor(number: number, name: string) {
    this.number = number;
    this.name = name;
  }

  addActive(key: RuleKey, change: number): void {
    if (key >= this.active.length) this.active = grown(this.active, key);
    this.active[key]! += change;
  }

  /** @param word0 - of a packed report. @param clock - of the record, ms since the epoch. */
  addPrefixLength(word0: number, clock: number): void {
    const group = (word0 >>> 1) & 3;
    if (this.prefixStarts[group]! < 0) this.prefixStarts[group] = startAt(clock);
    this.prefixLengths[group * PREFIXES + ((word0 >>> 8) & 0xff)]!++;
  }

  /** The host's clock had been ahead, and what was written by it would be in the future. */
  goBackTo(clock: number): void {
    this.lastReport = Math.min(this.lastReport, clock);
    for (const counters of [this.reports, this.expirations, this.overflows]) counters.goBackTo(clock);
    for (const histogram of [...this.lifetimes, this.lag]) histogram.goBackTo(clock);
    this.prefixStarts.set(this.prefixStarts.map((start) => startSeenFrom(clock, start)));
    this.traffic.goBackTo(clock);
  }

  save() {
    return {
      name: this.name,
      reports: this.reports.save(),
      expirations: this.expirations.save(),
      lifetimes: this.lifetimes.map((histogram) => histogram.save()),
      lag: this.lag.save(),
      prefixLengths: sparse(this.prefixLengths),
      prefixStarts: [...this.prefixStarts],
      lastReport: this.lastReport,
      overflows: this.overflows.save(),
      heads: this.heads.save(),
      traffic: this.traffic.save(),
      drift: this.drift,
    };
  }

  /** Active rules are counted again from the rules themselves. */
  restore(saved: ReturnType<InstanceTotals['save']>): void {
    this.reports.restore(saved.reports);
    this.expirations.restore(saved.expirations);
    this.lifetimes[0].restore(saved.lifetimes[0]!);
    this.lifetimes[1].restore(saved.lifetimes[1]!);
    this.lag.restore(saved.lag);
    for (const [key, count] of saved.prefixLengths) this.prefixLengths[key] = count;
    this.prefixStarts.set(saved.prefixStarts);
    this.lastReport = saved.lastReport;
    this.overflows.restore(saved.overflows);
    this.heads.restore(saved.heads);
    this.traffic.restore(saved.traffic);
    this.drift = saved.drift;
  }
}

function grown(values: Float64Array<ArrayBuffer>, key: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(values.length * 2, key + 1));
  larger.set(values);
  return larger;
}

function sparse(values: Float64Array): [key: number, value: number][] {
  const entries: [number, number][] = [];
  for (const [key, value] of values.entries()) if (value !== 0) entries.push([key, value]);
  return entries;
}
