import type { Attributes } from '@opentelemetry/api';
import { ATTR, LEDGER_METRICS } from '../telemetry/names.ts';
import { BucketCounts } from './histogram.ts';
import { type InstanceTotals, PREFIXES, type RuleKey } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import type { Counted, Level, MetricsBuilder } from './metrics-builder.ts';

/** What the maps of Couic hold, for each address family. Source: Couic 1.0.2. */
const RULE_LIMITS = { drop: 262_144, ignore: 65_536 } as const;
const POLICIES = ['drop', 'ignore'] as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const ACTIONS = ['add', 'remove'] as const;

type Instances = readonly InstanceTotals[];

/** What was reported. */
export function collectReportMetrics(builder: MetricsBuilder, state: LedgerState, instances: Instances): void {
  builder.counts(LEDGER_METRICS.reports, reports(state, instances));
  builder.histograms(
    LEDGER_METRICS.reportLag,
    instances.filter(({ lag }) => lag.count > 0).map((instance) => [instanceAttributes(instance), instance.lag]),
  );
  builder.gauges(
    LEDGER_METRICS.lastReportTimestamp,
    instances
      .filter(({ lastReport }) => lastReport > 0)
      .map((instance) => [instanceAttributes(instance), instance.lastReport / 1000]),
  );
  builder.histograms(LEDGER_METRICS.rulePrefixLength, prefixLengths(instances));
  builder.counts(LEDGER_METRICS.attributeOverflows, overflows(instances));
}

/** What became of the rules. */
export function collectRuleMetrics(builder: MetricsBuilder, state: LedgerState, instances: Instances): void {
  builder.balances(LEDGER_METRICS.ruleActive, activeRules(state, instances));
  builder.gauges(LEDGER_METRICS.ruleLimit, limits(instances));
  builder.counts(LEDGER_METRICS.ruleExpirations, expirations(state, instances));
  builder.histograms(LEDGER_METRICS.ruleLifetime, lifetimes(instances));
}

function* reports(state: LedgerState, instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [key, count, start] of instance.reports.entries()) {
      const attributes = cached(instance.reportAttributes, key, () => ({
        [ATTR.instance]: instance.name,
        [ATTR.action]: ACTIONS[(key & 1) as 0 | 1],
        [ATTR.kind]: state.kinds.names[(key >>> 3) & 0xff]!,
        [ATTR.policy]: POLICIES[((key >>> 1) & 1) as 0 | 1],
        [ATTR.tag]: state.tags.names[key >>> 11]!,
        [ATTR.networkType]: FAMILIES[((key >>> 2) & 1) as 0 | 1],
      }));
      yield [attributes, count, start];
    }
  }
}

function* activeRules(state: LedgerState, instances: Instances): Generator<Level> {
  for (const instance of instances) {
    const { active } = instance;
    for (let key = 0; key < active.length; key++) {
      if (active[key] !== 0) yield [ruleAttributes(state, instance, key), active[key]!];
    }
  }
}

function* expirations(state: LedgerState, instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [key, count, start] of instance.expirations.entries()) {
      yield [ruleAttributes(state, instance, key), count, start];
    }
  }
}

function* limits(instances: Instances): Generator<Level> {
  for (const instance of instances) {
    for (const policy of POLICIES) {
      for (const family of FAMILIES) {
        const attributes = { [ATTR.instance]: instance.name, [ATTR.policy]: policy, [ATTR.networkType]: family };
        yield [attributes, RULE_LIMITS[policy]];
      }
    }
  }
}

function* lifetimes(instances: Instances): Generator<[Attributes, InstanceTotals['lifetimes'][0]]> {
  for (const instance of instances) {
    for (const [i, policy] of POLICIES.entries()) {
      const histogram = instance.lifetimes[i as 0 | 1];
      if (histogram.count > 0) yield [{ [ATTR.instance]: instance.name, [ATTR.policy]: policy }, histogram];
    }
  }
}

function* prefixLengths(instances: Instances): Generator<[Attributes, BucketCounts]> {
  for (const instance of instances) {
    for (let group = 0; group < 4; group++) {
      const histogram = new BucketCounts(LEDGER_METRICS.rulePrefixLength.boundaries);
      for (let prefix = 0; prefix < PREFIXES; prefix++) {
        const count = instance.prefixLengths[group * PREFIXES + prefix]!;
        if (count > 0) histogram.add(prefix, count);
      }
      if (histogram.count === 0) continue;
      histogram.start = instance.prefixStarts[group]!;
      const attributes = {
        [ATTR.instance]: instance.name,
        [ATTR.policy]: POLICIES[(group & 1) as 0 | 1],
        [ATTR.networkType]: FAMILIES[(group >>> 1) as 0 | 1],
      };
      yield [attributes, histogram];
    }
  }
}

function* overflows(instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [which, count, start] of instance.overflows.entries()) {
      yield [{ [ATTR.instance]: instance.name, [ATTR.attribute]: [ATTR.tag, ATTR.kind][which]! }, count, start];
    }
  }
}

function ruleAttributes(state: LedgerState, instance: InstanceTotals, key: RuleKey): Attributes {
  return cached(instance.ruleAttributes, key, () => ({
    [ATTR.instance]: instance.name,
    [ATTR.policy]: POLICIES[(key & 1) as 0 | 1],
    [ATTR.tag]: state.tags.names[key >>> 2]!,
    [ATTR.networkType]: FAMILIES[((key >>> 1) & 1) as 0 | 1],
  }));
}

function instanceAttributes(instance: InstanceTotals): Attributes {
  return { [ATTR.instance]: instance.name };
}

/** The same object each time, so that an exporter can keep what it made of one. */
function cached(cache: Map<number, Attributes>, key: number, make: () => Attributes): Attributes {
  let attributes = cache.get(key);
  if (attributes === undefined) {
    attributes = make();
    cache.set(key, attributes);
  }
  return attributes;
}
