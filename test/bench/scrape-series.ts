import type { Attributes } from '@opentelemetry/api';

/** `count` label sets as those of couic.reports: ten instances, tags for the rest. The same objects at each call site. */
export function reportSeries(count: number): Attributes[] {
  return Array.from({ length: count }, (_, index) => ({
    'couic.instance.name': `couic-${index % 10}`,
    'couic.report.action': index % 20 < 10 ? 'add' : 'remove',
    'couic.report.kind': 'automated',
    'couic.rule.policy': 'drop',
    'couic.rule.tag': `scanner-${Math.floor(index / 20)}`,
    'network.type': 'ipv4',
  }));
}
