import type { Attributes } from '@opentelemetry/api';
import { ATTR } from '../telemetry/names.ts';
import { driftOf } from './api-state.ts';
import { forgottenTag } from './forgotten.ts';
import type { InstanceTotals } from './instance-totals.ts';
import type { LedgerState } from './ledger-state.ts';
import { LEDGER_METRICS } from './metrics.ts';
import type { Counted, Level, MetricsBuilder } from './metrics-builder.ts';
import { UNKNOWN_START } from './series-start.ts';
import type { TrafficCount, TrafficGroup } from './traffic.ts';

type Instances = readonly InstanceTotals[];
type Unit = keyof TrafficCount;
const POLICIES = ['drop', 'ignore'] as const;

/** What the API of Couic told, added up: packets and bytes. */
export function collectApiMetrics(builder: MetricsBuilder, instances: Instances): void {
  builder.counts(LEDGER_METRICS.networkPackets, network(instances, 'packets'));
  builder.counts(LEDGER_METRICS.networkIo, network(instances, 'bytes'));
  builder.counts(LEDGER_METRICS.rulePackets, rules(instances, 'packets'));
  builder.counts(LEDGER_METRICS.ruleIo, rules(instances, 'bytes'));
}

/** What the API of Couic told last. @param wanted - the only instances to give; null for all. */
export function collectApiState(builder: MetricsBuilder, state: LedgerState, wanted: ReadonlySet<string> | null): void {
  const isWanted = (name: string) => wanted === null || wanted.has(name);
  const api = [...state.api].filter(([name]) => isWanted(name));
  builder.gauges(
    LEDGER_METRICS.up,
    api.flatMap(([name, { up }]): Level[] => (up === undefined ? [] : [[{ [ATTR.instance]: name }, up ? 1 : 0]])),
  );
  builder.gauges(
    LEDGER_METRICS.ruleHeld,
    api.flatMap(([name, { held }]) =>
      POLICIES.flatMap((policy): Level[] =>
        held ? [[{ [ATTR.instance]: name, [ATTR.policy]: policy }, held[policy]]] : [],
      ),
    ),
  );
  const known = new Set([...api.map(([name]) => name), ...state.instances.map(({ name }) => name).filter(isWanted)]);
  builder.gauges(LEDGER_METRICS.ledgerDrift, drifts(state, known));
  builder.gauges(
    LEDGER_METRICS.ledgerComparedTimestamp,
    state.instances
      .filter(({ name, comparedAt }) => isWanted(name) && comparedAt > 0)
      .map(({ name, comparedAt }) => [{ [ATTR.instance]: name }, comparedAt / 1000] as const),
  );
}

function* drifts(state: LedgerState, instances: Iterable<string>): Generator<Level> {
  for (const name of instances) {
    const drift = driftOf(state.api.get(name), state.find(name));
    if (drift !== undefined) yield [{ [ATTR.instance]: name }, drift];
  }
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
    for (const policy of POLICIES) {
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
