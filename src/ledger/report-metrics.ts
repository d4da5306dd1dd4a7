import type { Attributes } from '@opentelemetry/api';
import { ATTR, OTHER } from '../telemetry/names.ts';
import { RULE_LIMITS } from './attribute-limits.ts';
import { forgottenTag } from './forgotten.ts';
import { BucketCounts } from './histogram.ts';
import { type InstanceTotals, PREFIXES, type RuleKey } from './instance-totals.ts';
import { LEDGER_METRICS } from './metrics.ts';
import type { Counted, Level, MetricsBuilder } from './metrics-builder.ts';
import { UNKNOWN_START } from './series-start.ts';

const POLICIES = ['drop', 'ignore'] as const;
const FAMILIES = ['ipv4', 'ipv6'] as const;
const ACTIONS = ['add', 'remove'] as const;
/** By OVERFLOW. */
const OVERFLOWN = [ATTR.tag, ATTR.kind, 'series'];

type Instances = readonly InstanceTotals[];

/** What was reported. */
export function collectReportMetrics(builder: MetricsBuilder, instances: Instances): void {
  builder.counts(LEDGER_METRICS.reports, reports(instances));
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
export function collectRuleMetrics(builder: MetricsBuilder, instances: Instances): void {
  builder.balances(LEDGER_METRICS.ruleActive, activeRules(instances));
  builder.gauges(LEDGER_METRICS.ruleLimit, limits(instances));
  builder.counts(LEDGER_METRICS.ruleOverflows, ruleOverflows(instances));
  builder.counts(LEDGER_METRICS.ruleExpirations, expirations(instances));
  builder.histograms(LEDGER_METRICS.ruleLifetime, lifetimes(instances));
}

function* reports(instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    // Most series are these: walked without an entry for each.
    const counters = instance.reports;
    for (let place = 0; place < counters.size; place++) {
      const key = counters.keyAt(place);
      const attributes = cached(instance.reportAttributes, key, () =>
        reportAttributes(instance, instance.tags.names[key >>> 11]!, instance.kinds.names[(key >>> 3) & 0xff]!, key),
      );
      yield [attributes, counters.valueAt(place), counters.startAt(place)];
    }
    const { forgotten } = instance;
    for (const [flags, count] of forgotten.reports.entries()) {
      if (count > 0) yield [reportAttributes(instance, forgottenTag(forgotten), OTHER, flags), count, UNKNOWN_START];
    }
  }
}

function* activeRules(instances: Instances): Generator<Level> {
  for (const instance of instances) {
    const { active } = instance;
    for (let key = 0; key < active.length; key++) {
      if (active[key] !== 0) yield [ruleAttributes(instance, key), active[key]!];
    }
  }
}

function* expirations(instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [key, count, start] of instance.expirations.entries()) {
      yield [ruleAttributes(instance, key), count, start];
    }
    const { forgotten } = instance;
    for (const [key, count] of forgotten.expirations.entries()) {
      if (count > 0) yield [namedRule(instance, forgottenTag(forgotten), key), count, UNKNOWN_START];
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

function* ruleOverflows(instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [group, count, start] of instance.ruleOverflows.entries()) {
      const attributes = {
        [ATTR.instance]: instance.name,
        [ATTR.policy]: POLICIES[(group & 1) as 0 | 1],
        [ATTR.networkType]: FAMILIES[(group >>> 1) as 0 | 1],
      };
      yield [attributes, count, start];
    }
  }
}

function* overflows(instances: Instances): Generator<Counted> {
  for (const instance of instances) {
    for (const [which, count, start] of instance.overflows.entries()) {
      yield [{ [ATTR.instance]: instance.name, [ATTR.attribute]: OVERFLOWN[which]! }, count, start];
    }
  }
}

function ruleAttributes(instance: InstanceTotals, key: RuleKey): Attributes {
  return cached(instance.ruleAttributes, key, () => namedRule(instance, instance.tags.names[key >>> 2]!, key));
}

/** @param key - its low two bits: `IPv6 << 1 | ignore`. */
function namedRule(instance: InstanceTotals, tag: string, key: number): Attributes {
  return {
    [ATTR.instance]: instance.name,
    [ATTR.policy]: POLICIES[(key & 1) as 0 | 1],
    [ATTR.tag]: tag,
    [ATTR.networkType]: FAMILIES[((key >>> 1) & 1) as 0 | 1],
  };
}

/** @param key - its low three bits, as of a packed report. */
function reportAttributes(instance: InstanceTotals, tag: string, kind: string, key: number): Attributes {
  return {
    [ATTR.instance]: instance.name,
    [ATTR.action]: ACTIONS[(key & 1) as 0 | 1],
    [ATTR.kind]: kind,
    [ATTR.policy]: POLICIES[((key >>> 1) & 1) as 0 | 1],
    [ATTR.tag]: tag,
    [ATTR.networkType]: FAMILIES[((key >>> 2) & 1) as 0 | 1],
  };
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
