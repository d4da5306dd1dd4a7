import { expect, test } from 'vitest';
import { metricName, type NamedMetric } from '../../../src/telemetry/prometheus/metric-name.ts';

/** Printed by github.com/prometheus/otlptranslator v1.0.0: name, unit, kind, namespace, with suffixes, without. */
const FROM_THE_COLLECTOR: readonly (readonly [string, string, NamedMetric['kind'], string, string, string])[] = [
  ['couic.reports', '{report}', 'counter', '', 'couic_reports_total', 'couic_reports'],
  ['couic.network.io', 'By', 'counter', '', 'couic_network_io_bytes_total', 'couic_network_io'],
  ['couic.rule.lifetime', 's', 'other', '', 'couic_rule_lifetime_seconds', 'couic_rule_lifetime'],
  ['couic.up', '1', 'gauge', '', 'couic_up_ratio', 'couic_up'],
  ['couic.rule.limit', '1', 'other', '', 'couic_rule_limit', 'couic_rule_limit'],
  ['requests.total', '1', 'counter', '', 'requests_total', 'requests_total'],
  ['total.requests', '{request}', 'counter', '', 'requests_total', 'total_requests'],
  ['cpu.ratio.now', '1', 'gauge', '', 'cpu_now_ratio', 'cpu_ratio_now'],
  ['io.bytes', 'By', 'counter', '', 'io_bytes_total', 'io_bytes'],
  ['speed', 'm/s', 'gauge', '', 'speed_meters_per_second', 'speed'],
  ['rate', '{packet}/s', 'gauge', '', 'rate_per_second', 'rate'],
  ['flow', 'By/{thing}', 'gauge', '', 'flow_bytes', 'flow'],
  ['weird', 'foo/bar', 'gauge', '', 'weird_foo_per_bar', 'weird'],
  ['a..b__c-d', 'ms', 'gauge', '', 'a_b_c_d_milliseconds', 'a_b__c_d'],
  ['2xx', '', 'counter', '', '_2xx_total', '_2xx'],
  ['latency', 's', 'other', 'edge', 'edge_latency_seconds', 'edge_latency'],
  ['2xx', '', 'gauge', 'edge', 'edge_2xx', 'edge_2xx'],
  ['temp', '°C', 'gauge', '', 'temp_C', 'temp'],
  ['x', '%', 'gauge', '', 'x_percent', 'x'],
  ['x', 'By/', 'gauge', '', 'x_bytes', 'x'],
  ['x', '/s', 'gauge', '', 'x_per_second', 'x'],
  ['seconds.x', 's', 'gauge', '', 'seconds_x', 'seconds_x'],
  ['a:b', '', 'gauge', '', 'a:b', 'a:b'],
  ['été', '', 'gauge', '', 't', 't'],
];

test.each(FROM_THE_COLLECTOR)('%s (%s, %s, namespace "%s") is %s', (name, unit, kind, namespace, suffixed, bare) => {
  const metric = { name, unit, kind };
  expect(metricName(metric, 'UnderscoreEscapingWithSuffixes', namespace)).toBe(suffixed);
  expect(metricName(metric, 'UnderscoreEscapingWithoutSuffixes', namespace)).toBe(bare);
});
