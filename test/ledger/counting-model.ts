import type { ShownRule } from '../../src/service/admin/rules.ts';
import type { TestReport } from '../support/ledger.ts';

/** A series: what it stands at, and since when, ms since the epoch. */
interface Series<Value> {
  readonly start: number;
  value: Value;
}

interface Histogram {
  readonly counts: number[];
  sum: number;
}

interface HeldRule {
  readonly policy: 'drop' | 'ignore';
  readonly family: string;
  readonly tag: string;
  readonly creation: number;
  readonly expiration: number;
}

type Metrics = Record<string, Record<string, Series<unknown>>>;

/** As docs/metrics.md has them. */
const LAG = [0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600];
const PREFIX_LENGTH = [8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 96, 128];
const LIFETIME = [60, 600, 3600, 14_400, 86_400, 604_800, 2_592_000];

const MINUTE = 60;

/** What the ledger is to count and to hold, in as few words as it can be said: names, maps, and no record of anything. */
export class CountingModel {
  readonly #caps: { readonly tags: number; readonly kinds: number };
  readonly #metrics: Metrics = {};
  /** By instance, policy and network. */
  readonly #rules = new Map<string, HeldRule>();
  /** Removals that came before their add, by the same: of which rule, and when. */
  readonly #early = new Map<string, { creation: number; removed: number }>();
  readonly #names = new Map<string, Set<string>>();
  readonly #lastReport = new Map<string, number>();
  /** What the log can tell of single reports, oldest first. */
  readonly events: { time: number; what: string; instance: string; network: string; tag: string | null }[] = [];

  constructor(caps: { readonly tags: number; readonly kinds: number }) {
    this.#caps = caps;
  }

  /** @param clock - ms since the epoch. */
  take(instance: string, reports: readonly Required<TestReport>[], clock: number): void {
    this.#lastReport.set(instance, clock);
    for (const [key, { removed }] of this.#early) if ((removed + MINUTE) * 1000 <= clock) this.#early.delete(key);
    for (const report of reports) this.#report(instance, report, clock);
  }

  #report(instance: string, report: Required<TestReport>, clock: number): void {
    const { action, policy, cidr, creation, expiration } = report;
    const what = action === 'add' ? 'added' : 'removed';
    this.events.push({ time: clock, what, instance, network: cidr, tag: report.tag });
    const tag = this.#name(instance, 'tag', report.tag ?? 'untagged', clock);
    const kind = this.#name(instance, 'kind', report.kind ?? 'none', clock);
    const family = cidr.includes(':') ? 'ipv6' : 'ipv4';
    this.#count('couic.reports', `${instance} ${action} ${kind} ${policy} ${tag} ${family}`, clock);
    const key = `${instance} ${policy} ${cidr}`;
    const held = this.#rules.get(key);
    if (action === 'remove') {
      if (held?.creation === creation) this.#end(key, clock);
      else if (!held || held.creation < creation) this.#early.set(key, { creation, removed: Math.ceil(clock / 1000) });
      return;
    }
    this.#measure('couic.report.lag', instance, LAG, clock / 1000 - creation, clock);
    const isKnown = held?.creation === creation && held.expiration === expiration && held.tag === tag;
    const early = this.#early.get(key);
    const wasRemoved = early?.creation === creation;
    if (!isKnown || wasRemoved) {
      const prefix = Number(cidr.split('/')[1]);
      this.#measure('couic.rule.prefix_length', `${instance} ${policy} ${family}`, PREFIX_LENGTH, prefix, clock);
    }
    if (wasRemoved) {
      this.#early.delete(key);
      this.#measure('couic.rule.lifetime', `${instance} ${policy}`, LIFETIME, early.removed - creation, clock);
      return;
    }
    if (isKnown || (held && held.creation > creation)) return;
    if (held) this.#end(key, clock);
    this.#rules.set(key, { policy, family, tag, creation, expiration });
    if (isOver(expiration, clock)) this.#end(key, clock);
  }

  /** Rules leave whose time is over. */
  expire(clock: number): void {
    for (const [key, { expiration }] of this.#rules) if (isOver(expiration, clock)) this.#end(key, clock);
  }

  #end(key: string, clock: number): void {
    const { policy, tag, family, creation, expiration } = this.#rules.get(key)!;
    const [instance] = key.split(' ');
    const over = isOver(expiration, clock);
    if (over) this.#count('couic.rule.expirations', `${instance} ${policy} ${tag} ${family}`, clock);
    const lifetime = (over ? expiration : clock / 1000) - creation;
    this.#measure('couic.rule.lifetime', `${instance} ${policy}`, LIFETIME, lifetime, clock);
    this.#rules.delete(key);
  }

  /** First come, first kept; what comes after the cap is one name. */
  #name(instance: string, attribute: 'tag' | 'kind', given: string, clock: number): string {
    const name = given === '_OTHER' && attribute === 'tag' ? '_OTHER*' : given;
    const names = this.#names.get(`${instance} ${attribute}`) ?? new Set();
    this.#names.set(`${instance} ${attribute}`, names);
    if (name === 'untagged' || name === 'none' || names.has(name)) return name;
    if (name !== '_OTHER' && names.size < this.#caps[`${attribute}s`]) {
      names.add(name);
      return name;
    }
    this.#count(
      'couic.attribute.overflows',
      `${instance} couic.${attribute === 'tag' ? 'rule.tag' : 'report.kind'}`,
      clock,
    );
    return '_OTHER';
  }

  #series<Value>(metric: string, key: string, clock: number, zero: Value): Series<Value> {
    this.#metrics[metric] ??= {};
    const series = this.#metrics[metric];
    series[key] ??= { start: Math.floor(clock) - 1, value: zero };
    return series[key] as Series<Value>;
  }

  #count(metric: string, key: string, clock: number): void {
    this.#series(metric, key, clock, 0).value++;
  }

  #measure(metric: string, key: string, boundaries: readonly number[], measured: number, clock: number): void {
    const value = Math.max(measured, 0);
    const zero: Histogram = { counts: Array(boundaries.length + 1).fill(0), sum: 0 };
    const histogram = this.#series(metric, key, clock, zero).value;
    const bucket = boundaries.findIndex((bound) => value <= bound);
    histogram.counts[bucket === -1 ? boundaries.length : bucket]!++;
    histogram.sum += value;
  }

  /** Of counters and histograms, as `collectWhole` has them. */
  get counted(): Metrics {
    return this.#metrics;
  }

  get active(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const [key, { policy, tag, family }] of this.#rules) {
      const series = `${key.split(' ')[0]} ${policy} ${tag} ${family}`;
      counts[series] = (counts[series] ?? 0) + 1;
    }
    return counts;
  }

  /** How many names of an attribute an instance has. */
  used(instance: string, attribute: 'tag' | 'kind'): number {
    const names = this.#names.get(`${instance} ${attribute}`) ?? new Set();
    return names.size;
  }

  get lastReports(): Record<string, number> {
    return Object.fromEntries([...this.#lastReport].map(([instance, clock]) => [instance, clock / 1000]));
  }

  /** Rules in force, as operators are shown them. */
  get shown(): ShownRule[] {
    return Array.from(this.#rules, ([key, { policy, tag, creation, expiration }]) => {
      const [instance, , network] = key.split(' ') as [string, string, string];
      const until = expiration === 0 ? null : expiration * 1000;
      return { instance, policy, network, tag: tag === 'untagged' ? null : tag, since: creation * 1000, until };
    });
  }
}

function isOver(expiration: number, clock: number): boolean {
  return expiration !== 0 && expiration * 1000 <= clock;
}
