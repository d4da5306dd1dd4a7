import type { Attributes } from '@opentelemetry/api';
import type { Quarantined } from '../report/quarantine.ts';
import { NO_KIND, UNTAGGED } from '../telemetry/names.ts';
import { type AttributeLimits, RULE_LIMITS } from './attribute-limits.ts';
import { CappedNames, tagName } from './capped-names.ts';
import { Counters } from './counters.ts';
import { Forgotten } from './forgotten.ts';
import { BucketCounts } from './histogram.ts';
import { LEDGER_METRICS } from './metrics.ts';
import { NewestBody } from './newest-body.ts';
import { PackedRules } from './packed-rules.ts';
import type { QuarantinedReport } from './quarantined-report.ts';
import type { Rule, Rules } from './rules/rules.ts';
import { startAt, startSeenFrom } from './series-start.ts';
import type { RuleCounts } from './traffic.ts';
import { TrafficTotals } from './traffic-totals.ts';

/** Prefix lengths 0 to 128. */
export const PREFIXES = 129;

/** `tag << 11 | kind << 3 | IPv6 << 2 | ignore << 1 | remove`, the low three bits as in packed.ts. */
type ReportKey = number;

/** `tag << 2 | IPv6 << 1 | ignore`. */
export type RuleKey = number;

/** Names that are always there: number 1 in their list. */
export const UNTAGGED_NUMBER = 1;
export const NO_KIND_NUMBER = 1;

/** What came after a cap, by what `overflows` counts it as. */
export const OVERFLOW = { tag: 0, kind: 1, series: 2 } as const;

/** Quarantined reports that are kept for the operator. */
const KEPT_QUARANTINED = 100;

/** Everything counted for one Couic, and its own names: what one Couic sends takes no place from another. */
export class InstanceTotals {
  readonly number: number;
  readonly name: string;
  readonly tags: CappedNames;
  readonly kinds: CappedNames;
  readonly newest = new NewestBody();
  /** By ReportKey. */
  readonly reports = new Counters();
  /** Active rules by RuleKey. */
  active = new Float64Array(64);
  /** Of those, by `IPv6 << 1 | ignore`: the maps of Couic are bounded by policy and address family. */
  readonly held = new Float64Array(4);
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
  /** Reports whose tag, kind or series came after the cap, by OVERFLOW. */
  readonly overflows = new Counters();
  /** Added rules that are not held, by `IPv6 << 1 | ignore`. */
  readonly ruleOverflows = new Counters();
  readonly traffic = new TrafficTotals();
  readonly forgotten = new Forgotten();
  /** Rules whose time was over, and that no record has named yet. */
  readonly untold = new PackedRules();
  #tellsExpired = false;
  /** The newest reports that were not valid, oldest first. */
  readonly quarantined: QuarantinedReport[] = [];
  /** Rules by which the last comparison found the ledger away from Couic; null before the first. */
  drift: number | null = null;
  /** When that was, ms since the epoch. */
  comparedAt = 0;
  /** Rules that reconciliations brought in and took out since the start of the process; no state. */
  readonly corrections = { added: 0, removed: 0 };
  /** Attribute sets of the series above, made when first collected; no state. */
  readonly reportAttributes = new Map<ReportKey, Attributes>();
  readonly ruleAttributes = new Map<RuleKey, Attributes>();
  readonly trafficAttributes = new Map<string, Attributes>();

  #limits: AttributeLimits;

  constructor(number: number, name: string, limits: AttributeLimits) {
    this.number = number;
    this.name = name;
    this.tags = new CappedNames(limits.tags, [UNTAGGED], tagName);
    this.kinds = new CappedNames(limits.kinds, [NO_KIND]);
    this.#limits = limits;
  }

  set limits(limits: AttributeLimits) {
    this.#limits = limits;
    this.tags.cap = limits.tags;
    this.kinds.cap = limits.kinds;
  }

  /**
   * Counts reports of one tag, kind and sort. Past the cap on series a new one is counted as `_OTHER` in both.
   * @param flags - the low three bits of a packed report.
   */
  addReports(tag: number, kind: number, flags: number, count: number, clock: number): void {
    const key = (tag << 11) | (kind << 3) | flags;
    const { reports } = this;
    const { series: most } = this.#limits;
    if (reports.size < most || key === flags || reports.has(key) || this.series < most) {
      reports.add(key, count, clock);
      return;
    }
    this.overflows.add(OVERFLOW.series, count, clock);
    reports.add(flags, count, clock);
  }

  /** Series of reports that take up a place: those that stand for what came beyond do not. */
  get series(): number {
    let { size } = this.reports;
    for (let flags = 0; flags < 8; flags++) if (this.reports.has(flags)) size--;
    return size;
  }

  set tellsExpired(tells: boolean) {
    this.#tellsExpired = tells;
    if (!tells) this.untold.drop(this.untold.words.length);
  }

  /** A rule's time was over, and it leaves. */
  tellExpired(rules: Rules, rule: Rule): void {
    if (this.#tellsExpired) this.untold.remove(rules, rule, this.tagOf(rules.tag(rule)));
  }

  /** The same of one that never was in force. @param words - of a chunk. @param tag - its number here. */
  tellExpiredReport(words: Int32Array, at: number, tag: number): void {
    if (this.#tellsExpired) this.untold.add(words, at, this.tagOf(tag));
  }

  /** The tag of a number that a rule has; null for none. */
  tagOf(number: number): string | null {
    return number === UNTAGGED_NUMBER ? null : this.tags.names[number]!;
  }

  /** Whether one more rule fits into the map that Couic has for it. */
  hasRoom(key: RuleKey): boolean {
    return this.held[key & 3]! < ((key & 1) === 0 ? RULE_LIMITS.drop : RULE_LIMITS.ignore);
  }

  addActive(key: RuleKey, change: number): void {
    if (key >= this.active.length) this.active = grown(this.active, key);
    this.active[key]! += change;
    this.held[key & 3]! += change;
  }

  /** Rules in force. */
  ruleCounts(): RuleCounts {
    const { held } = this;
    return { drop: held[0]! + held[2]!, ignore: held[1]! + held[3]! };
  }

  /** @param word0 - of a packed report. @param clock - of the record, ms since the epoch. */
  addPrefixLength(word0: number, clock: number): void {
    const group = (word0 >>> 1) & 3;
    if (this.prefixStarts[group]! < 0) this.prefixStarts[group] = startAt(clock);
    this.prefixLengths[group * PREFIXES + ((word0 >>> 8) & 0xff)]!++;
  }

  /** @param clock - of the record, ms since the epoch. */
  quarantine(reports: readonly Quarantined[], clock: number): void {
    for (const { reason, text } of reports.slice(-KEPT_QUARANTINED)) {
      this.quarantined.push({ instance: this.name, reason, clock, text });
    }
    const surplus = this.quarantined.length - KEPT_QUARANTINED;
    if (surplus > 0) this.quarantined.splice(0, surplus);
  }

  /** The host's clock had been ahead, and what was written by it would be in the future. */
  goBackTo(clock: number): void {
    this.lastReport = Math.min(this.lastReport, clock);
    for (const counters of [this.reports, this.expirations, this.overflows, this.ruleOverflows])
      counters.goBackTo(clock);
    for (const histogram of [...this.lifetimes, this.lag]) histogram.goBackTo(clock);
    this.prefixStarts.set(this.prefixStarts.map((start) => startSeenFrom(clock, start)));
    this.traffic.goBackTo(clock);
    for (const names of [this.tags, this.kinds]) names.goBackTo(clock);
  }

  /** Whether `forget` would find something. */
  hasIdle(before: number): boolean {
    return !this.#idleTags(before).next().done || !this.kinds.idle(before).next().done;
  }

  /**
   * Forgets tags that have no rule and were last heard of at `before` or earlier, ms since the epoch, and kinds likewise: their
   * series end, what they had counted stays in the sum, and their places are free.
   */
  forget(before: number): void {
    this.#forget(new Set(this.#idleTags(before)), new Set(this.kinds.idle(before)));
  }

  /** Whether any name is one of those. */
  hasNames(isGone: (name: string) => boolean): boolean {
    return [this.tags, this.kinds].some((names) => !names.named(isGone).next().done);
  }

  /** Lets go of what has something in its text: reports that were not valid, and names. */
  erase(isIn: (text: string) => boolean): void {
    const kept = this.quarantined.filter(({ text }) => text === null || !isIn(text));
    this.quarantined.splice(0, this.quarantined.length, ...kept);
    this.#forgetNames(isIn);
  }

  /** As `forget`, of tags that have no rule, and of kinds, whenever they were heard of. */
  #forgetNames(isGone: (name: string) => boolean): void {
    const tags = Array.from(this.tags.named(isGone)).filter((tag) => this.#isIdle(tag));
    this.#forget(new Set(tags), new Set(this.kinds.named(isGone)));
  }

  #forget(tags: ReadonlySet<number>, kinds: ReadonlySet<number>): void {
    if (tags.size === 0 && kinds.size === 0) return;
    const { forgotten } = this;
    forgotten.generation++;
    const isGone = (key: ReportKey) => tags.has(key >>> 11) || kinds.has((key >>> 3) & 0xff);
    Forgotten.take(this.reports, isGone, forgotten.reports);
    Forgotten.take(this.expirations, (key) => tags.has(key >>> 2), forgotten.expirations);
    this.traffic.forget(Array.from(tags, (number) => this.tags.names[number]!));
    this.tags.forget(tags);
    this.kinds.forget(kinds);
    // Their numbers will stand for other names.
    for (const cache of [this.reportAttributes, this.ruleAttributes, this.trafficAttributes]) cache.clear();
  }

  *#idleTags(before: number): Generator<number> {
    for (const tag of this.tags.idle(before)) if (this.#isIdle(tag)) yield tag;
  }

  #isIdle(tag: number): boolean {
    return this.active.subarray(4 * tag, 4 * tag + 4).every((count) => count === 0);
  }

  save() {
    return {
      name: this.name,
      tags: this.tags.save(),
      kinds: this.kinds.save(),
      reports: this.reports.save(),
      expirations: this.expirations.save(),
      lifetimes: this.lifetimes.map((histogram) => histogram.save()),
      lag: this.lag.save(),
      prefixLengths: sparse(this.prefixLengths),
      prefixStarts: [...this.prefixStarts],
      lastReport: this.lastReport,
      overflows: this.overflows.save(),
      ruleOverflows: this.ruleOverflows.save(),
      newest: this.newest.links,
      traffic: this.traffic.save(),
      forgotten: this.forgotten.save(),
      quarantined: this.quarantined,
      untold: this.untold.save(),
      drift: this.drift,
      comparedAt: this.comparedAt,
    };
  }

  /** Active rules are counted again from the rules themselves. */
  restore(saved: ReturnType<InstanceTotals['save']>): void {
    this.tags.restore(saved.tags);
    this.kinds.restore(saved.kinds);
    this.reports.restore(saved.reports);
    this.expirations.restore(saved.expirations);
    this.lifetimes[0].restore(saved.lifetimes[0]!);
    this.lifetimes[1].restore(saved.lifetimes[1]!);
    this.lag.restore(saved.lag);
    for (const [key, count] of saved.prefixLengths) this.prefixLengths[key] = count;
    this.prefixStarts.set(saved.prefixStarts);
    this.lastReport = saved.lastReport;
    this.overflows.restore(saved.overflows);
    this.ruleOverflows.restore(saved.ruleOverflows);
    this.newest.links = saved.newest;
    this.traffic.restore(saved.traffic);
    this.forgotten.restore(saved.forgotten);
    this.quarantined.push(...saved.quarantined);
    this.untold.restore(saved.untold);
    this.drift = saved.drift;
    this.comparedAt = saved.comparedAt;
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
