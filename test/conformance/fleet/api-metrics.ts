import { LEDGER_METRICS, type MetricDefinition } from '../../../src/telemetry/names.ts';
import type { Traffic } from '../../support/couic-sim/traffic.ts';
import { prometheusName } from '../../support/prometheus-names.ts';

/** What the API of one simulated Couic tells. */
export interface ApiView {
  readonly instance: string;
  readonly traffic: Traffic;
  readonly drift: number;
}

const { up, ledgerDrift, networkPackets, networkIo, rulePackets, ruleIo } = LEDGER_METRICS;

/** Metrics that no component gives yet. A test says when one does: then this file goes. */
export const MADE_UP: readonly MetricDefinition[] = [up, ledgerDrift, networkPackets, networkIo, rulePackets, ruleIo];

/**
 * The metrics of the couic_api receiver in the text format, made here from the simulated Couics, so that panels that ask for
 * them can be tried beside what the bridge really gives.
 */
export function renderApiMetrics(views: readonly ApiView[]): string {
  const samples = new Map<MetricDefinition, string[]>(MADE_UP.map((metric) => [metric, []]));
  const put = (metric: MetricDefinition, labels: Record<string, string>, value: number) => {
    const text = Object.entries(labels).map(([name, label]) => `${name}="${label}"`);
    samples.get(metric)?.push(`${prometheusName(metric)}{${text.join(',')}} ${value}`);
  };
  for (const { instance, traffic, drift } of views) {
    const own = { couic_instance_name: instance };
    put(up, own, 1);
    put(ledgerDrift, own, drift);
    for (const [action, { packets, bytes }] of Object.entries(traffic.truth.xdp)) {
      put(networkPackets, { ...own, couic_xdp_action: action }, packets);
      put(networkIo, { ...own, couic_xdp_action: action }, bytes);
    }
    for (const policy of ['drop', 'ignore'] as const) {
      for (const [tag, { packets, bytes }] of traffic.truth.tags[policy]) {
        put(rulePackets, { ...own, couic_rule_policy: policy, couic_rule_tag: tag }, packets);
        put(ruleIo, { ...own, couic_rule_policy: policy, couic_rule_tag: tag }, bytes);
      }
    }
  }
  const families = [...samples].map(([metric, lines]) => {
    const name = prometheusName(metric);
    const type = metric.kind === 'counter' ? 'counter' : 'gauge';
    return [`# HELP ${name} ${metric.description}`, `# TYPE ${name} ${type}`, ...lines].join('\n');
  });
  return `${families.join('\n')}\n`;
}
