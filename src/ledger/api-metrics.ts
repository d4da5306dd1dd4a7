import type { Attributes } from '@opentelemetry/api';
import { ATTR, LEDGER_METRICS } from '../telemetry/names.ts';
import { forgottenTag } from './forgotten.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { Counted, MetricsBuilder } from './metrics-builder.ts';
import { UNKNOWN_START } from './series-start.ts';
import type { TrafficCount, TrafficGroup } from './traffic.ts';

type Instances = readonly InstanceTotals[];
type Unit = keyof TrafficCount;

/** What the API of Couic told: packets and bytes, and how far the ledger had drifted. */
export function collectApiMetrics(builder: MetricsBuilder, instances: Instances): void {
  builder.counts(LEDGER_METRICS.networkPackets, network(instances, 'packets'));
  builder.counts(LEDGER_METRICS.networkIo, network(instances, 'bytes'));
  builder.counts(LEDGER_METRICS.rulePackets, rules(instances, 'packets'));
  builder.counts(LEDGER_METRICS.ruleIo, rules(instances, 'bytes'));
  builder.gauges(
    LEDGER_METRICS.ledgerDrift,
    instances.flatMap(({ name, drift }) => (drift === null ? [] : [[{ [ATTR.instance]: name }, drift] as const])),
  );
}

/** @param up - by instance: whether its API answered last. @param wanted - the only instances to give; null for all. */
export function collectUp(
  builder: MetricsBuilder,
  up: ReadonlyMap<string, boolean>,
  wanted: ReadonlySet<string> | null,
): void {
  const instances = [...up].filter(([name]) => wanted === null || wanted.has(name));
  builder.gauges(
    LEDGER_METRICS.up,
    instances.map(([name, isUp]) => [{ [ATTR.instance]: name }, isUp ? 1 : 0] as const),
  );
}

function* network(instances: Instances, unit: Unit): Generator<Counted> {
  for (const instance of instances) {
    for (const [action, count] of instance.traffic.totals.xdp) {
      const attributes = attributesOf(instance, 'xdp', action, { [ATTR.xdpAction]: action });
      yield [attributes, Number(count[unit]), count.start];
    }
  }
}

function* rules(instances: Instances, unit: Unit): Generator<Counted> {
  for (const instance of instances) {
    for (const policy of ['drop', 'ignore'] as const) {
      for (const [tag, count] of instance.traffic.totals[policy]) {
        const attributes = attributesOf(instance, policy, tag, { [ATTR.policy]: policy, [ATTR.tag]: tag });
        yield [attributes, Number(count[unit]), count.start];
      }
      const count = Number(instance.traffic.forgotten[policy][unit]);
      if (count > 0) {
        const tag = forgottenTag(instance.forgotten);
        yield [{ [ATTR.instance]: instance.name, [ATTR.policy]: policy, [ATTR.tag]: tag }, count, UNKNOWN_START];
      }
    }
  }
}

/** The same object each time, so that an exporter can keep what it made of one. */
function attributesOf(instance: InstanceTotals, group: TrafficGroup, name: string, own: Attributes): Attributes {
  const key = `${group} ${name}`;
  let attributes = instance.trafficAttributes.get(key);
  if (attributes === undefined) {
    attributes = { [ATTR.instance]: instance.name, ...own };
    instance.trafficAttributes.set(key, attributes);
  }
  return attributes;
}
